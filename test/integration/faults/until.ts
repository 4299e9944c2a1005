/** Waits for what other processes do: there is nothing to await but the condition itself. */
import { setTimeout as pause } from 'node:timers/promises'
import { invariant } from '#core/errors.ts'

const POLL_MS = 20

export { pause }

/** Fails, saying what was waited for, when it has not come within the time. */
export async function until(what: string, condition: () => boolean, withinMs: number): Promise<void> {
  const latest = Date.now() + withinMs
  while (!condition()) {
    invariant(Date.now() < latest, `waited ${withinMs} ms in vain: ${what}`)
    await pause(POLL_MS)
  }
}
