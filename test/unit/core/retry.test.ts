/** The table of pauses, and the one loop that waits by it. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { pauseMs, RETRIES, type RetryPolicy, whileUnavailable } from '#core/retry.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const AWAY = new CaudalError('LOG_UNAVAILABLE', { reason: 'a test' })
const FIXED = { random: () => 0.5 }

/** Fails so often, then gives 7. */
function failing(times: number, error: unknown = AWAY): () => Promise<number> {
  let left = times
  return () => (left-- > 0 ? Promise.reject(error) : Promise.resolve(7))
}

test('a pause grows by the factor of its row up to the longest of the row', () => {
  const pauses = [0, 1, 2, 5, 6, 60].map(failures => pauseMs(RETRIES.start, failures, FIXED))
  expect(pauses).toEqual([250, 500, 1_000, 8_000, 10_000, 10_000])
  expect([0, 1, 9].map(failures => pauseMs(RETRIES.read, failures, FIXED))).toEqual([100, 100, 100])
  expect(pauseMs(RETRIES.request, 14, FIXED)).toBe(500)
})

test('the share of a pause that is drawn lies below its length', () => {
  expect(pauseMs(RETRIES.table, 0, { random: () => 0 })).toBe(50)
  expect(pauseMs(RETRIES.table, 0, { random: () => 1 })).toBe(100)
})

test('a row without jitter draws nothing, so that a run of the simulation keeps its draws', () => {
  const random = () => {
    throw new TypeError('nothing is drawn')
  }
  expect(pauseMs(RETRIES.read, 0, { random })).toBe(100)
})

test('what passes is asked again after each pause, and what comes of it is the result', async () => {
  const time = new VirtualTime(1)
  const pauses: number[] = []
  const onPause = (waitMs: number) => void pauses.push(waitMs)
  const asked = whileUnavailable(RETRIES.start, failing(3), { system: time.system, onPause })
  expect(await time.settle(asked)).toBe(7)
  expect(pauses).toEqual([250, 500, 1_000])
  expect(time.system.monotonic()).toBe(1_750)
})

test('an error that does not pass is the result at once', async () => {
  const time = new VirtualTime(1)
  const mistake = new TypeError('a mistake')
  const asked = whileUnavailable(RETRIES.start, failing(1, mistake), { system: time.system })
  await expect(time.settle(asked)).rejects.toBe(mistake)
  expect(time.system.monotonic()).toBe(0)
})

test('an abort ends the pause with the reason of the signal', async () => {
  const time = new VirtualTime(1)
  const abort = new AbortController()
  const asked = whileUnavailable(RETRIES.start, failing(9), { system: time.system, signal: abort.signal })
  time.system.after(100, () => abort.abort(AWAY))
  await expect(time.settle(asked)).rejects.toBe(AWAY)
  expect(time.system.monotonic()).toBe(100)
})

test('docs/retries.md names each row of the table with its pause', () => {
  const page = readFileSync(new URL('../../../docs/retries.md', import.meta.url), 'utf8')
  const rows: readonly (readonly [string, RetryPolicy])[] = Object.entries(RETRIES)
  for (const [name, policy] of rows) expect(page).toContain(`| \`${name}\` | ${textOf(policy)} |`)
})

function textOf({ firstMs, factor, maxMs, jitter }: RetryPolicy): string {
  const growing = factor === 1 ? '' : `, times ${factor} up to ${maxMs.toLocaleString('en')} ms`
  return `${firstMs.toLocaleString('en')} ms${growing}${jitter === 0 ? '' : `, less up to ${jitter * 100} % at random`}`
}
