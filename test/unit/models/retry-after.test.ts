/** How long a provider asks to be left alone. */
import { expect, test } from 'vitest'
import { retryAfterMs } from '#models/retry-after.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const asked = (headers: Readonly<Record<string, string>>) =>
  retryAfterMs({ get: name => headers[name] ?? null }, NOW)

test.each([
  ['milliseconds', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
  ['seconds', { 'retry-after': '2' }, 2_000],
  ['a date', { 'retry-after': 'Fri, 01 May 2026 12:00:30 GMT' }, 30_000],
  ['a date that has passed', { 'retry-after': 'Fri, 01 May 2026 11:00:00 GMT' }, 0],
  ['nonsense', { 'retry-after': 'soon' }, undefined],
  ['nothing', {}, undefined],
])('the wait of a refusal is read from its headers: %s', (_, headers, ms) => {
  expect(asked(headers)).toBe(ms)
})

test('a date in Retry-After counts from the date of the refusal, whose clock may differ from this machine by an hour', () => {
  const headers = { 'retry-after': 'Fri, 01 May 2026 13:00:30 GMT', date: 'Fri, 01 May 2026 13:00:00 GMT' }
  expect(asked(headers)).toBe(30_000)
})
