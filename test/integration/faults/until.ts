/** Waits for what other processes do: there is nothing to await but the condition itself. */
import { setTimeout as pause } from 'node:timers/promises'
import { invariant } from '#core/errors.ts'

const POLL_MS = 20

export { pause }

/** Fails, saying what was waited for, when it has not come within the time. */
export async function until(what: string, condition: () => boolean, withinMs: number): Promise<void> {
  const latest = Date.now() + withinMs
  while (!condition()) {
    invariant(Date.now() < latest, `not within ${withinMs} ms: ${what}`)
    await pause(POLL_MS)
  }
}

/** Fails once the count has not grown for the time: what still grows is late, not lost. */
export async function untilItStalls(
  what: string,
  condition: () => boolean,
  count: () => number,
  stalledMs: number,
): Promise<void> {
  let [last, grewAt] = [count(), Date.now()]
  while (!condition()) {
    const now = count()
    if (now > last) [last, grewAt] = [now, Date.now()]
    invariant(Date.now() - grewAt < stalledMs, `nothing new for ${stalledMs} ms: ${what}`)
    await pause(POLL_MS)
  }
}
