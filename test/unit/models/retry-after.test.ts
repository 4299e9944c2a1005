/** How long a provider asks to be left alone. */
import { expect, test } from 'vitest'
import { retryAfterMs, waitNamedMs } from '#models/retry-after.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const asked = (headers: Readonly<Record<string, string>>) =>
  retryAfterMs({ get: name => headers[name] ?? null }, NOW)

test.each([
  ['milliseconds', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
  ['seconds', { 'retry-after': '2' }, 2_000],
  ['a date', { 'retry-after': 'Fri, 01 May 2026 12:00:30 GMT' }, 30_000],
  ['a date that has passed', { 'retry-after': 'Fri, 01 May 2026 11:00:00 GMT' }, 0],
  ['seconds with their unit', { 'retry-after': '30s' }, 30_000],
  ['minutes in words', { 'retry-after': '1 minute 5 seconds' }, 65_000],
  ['apples', { 'retry-after': '5 apples' }, undefined],
  ['nonsense', { 'retry-after': 'soon' }, undefined],
  ['nothing', {}, undefined],
])('the wait of a refusal is read from its headers: %s', (_, headers, ms) => {
  expect(asked(headers)).toBe(ms)
})

test('a date in Retry-After counts from the date of the refusal, whose clock may differ from this machine by an hour', () => {
  const headers = { 'retry-after': 'Fri, 01 May 2026 13:00:30 GMT', date: 'Fri, 01 May 2026 13:00:00 GMT' }
  expect(asked(headers)).toBe(30_000)
})

test.each([
  ['Please retry in 17.5s.', 17_500],
  ['Please try again in 20 seconds.', 20_000],
  ['Please retry after 12 seconds. To increase the limit, go to', 12_000],
  ['Try again in 1 minute and 5 seconds', 65_000],
  ['Please wait 2 minutes, then send it', 120_000],
  ['try again in about 3 min', 180_000],
  ['try again in 2 days', 172_800_000],
  ['try again in 500 milliseconds', 500],
  ['retry after 12', 12_000],
  ['Retry-After: 9', 9_000],
  ['{"retry_after":12.5}', 12_500],
  ['{"retry_after_seconds": 3, "a": 1}', 3_000],
  [String.raw`{\"retryDelay\": \"34s\"}`, 34_000],
  ['retry after 2026-05-01', undefined],
  ['retry after 3 requests', undefined],
  ['try again in 5 metres', undefined],
])('the wait that a refusal names is read from its words: %s', (words, ms) => {
  expect(waitNamedMs(words)).toBe(ms)
})
