/** The only file of the console that touches clock and timers. */
import { signal } from '@preact/signals-core'

const TICK_MS = 1_000

/** Clocks that differ by less are taken for the same: the gateway says its time in whole seconds, and it is under way. */
const SAME_MS = 2_000

let aheadMs = 0
const gatewayTime = (): number => Date.now() + aheadMs

/** Now by the gateway's clock, a second old at most; what shows an age reads it. */
export const now = signal(gatewayTime())

export function startClock(): void {
  setInterval(tick, TICK_MS)
}

function tick(): void {
  now.value = gatewayTime()
}

/** Counts from the gateway's time, by the header `Date` of an answer: the clock of this machine may be wrong. */
export function learnTime(date: string | null): void {
  const said = date === null ? Number.NaN : Date.parse(date) + 500
  if (Number.isNaN(said) || Math.abs(said - gatewayTime()) <= SAME_MS) return
  aheadMs += said - gatewayTime()
  tick()
}

/** Calls back once; the returned function takes that back. */
export function after(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs)
  return () => clearTimeout(timer)
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
