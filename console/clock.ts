/** The only file of the console that touches clock and timers. */
import { signal } from '@preact/signals-core'

const TICK_MS = 1_000

/** Now, a second old at most; what shows an age reads it. */
export const now = signal(Date.now())

export function startClock(): void {
  window.setInterval(() => {
    now.value = Date.now()
  }, TICK_MS)
}

/** Calls back once; the returned function takes that back. */
export function after(delayMs: number, callback: () => void): () => void {
  const timer = window.setTimeout(callback, delayMs)
  return () => window.clearTimeout(timer)
}

/** Calls back now and then again, each time that long after the last call has ended; the returned function ends it. */
export function repeatedly(everyMs: number, callback: () => Promise<void>): () => void {
  let cancel = () => {}
  let isOver = false
  const round = () => {
    callback().finally(() => {
      if (!isOver) cancel = after(everyMs, round)
    })
  }
  round()
  return () => {
    isOver = true
    cancel()
  }
}
