/** Time that tests move by hand. */
import type { System } from '#core/system.ts'

export interface ManualTime extends System {
  /** Runs what is due within the next `ms`, in order of its time, with promises settled in between. */
  advance(ms: number): Promise<void>
}

export function manualTime(start = 1_000_000): ManualTime {
  let now = start
  let count = 0
  const timers = new Map<number, { readonly due: number; readonly callback: () => void }>()
  return {
    now: () => now,
    monotonic: () => now - start,
    after(delayMs, callback) {
      count += 1
      const id = count
      timers.set(id, { due: now + delayMs, callback })
      return () => void timers.delete(id)
    },
    defer: callback => void setImmediate(callback),
    random: () => 0.5,
    async advance(ms) {
      const end = now + ms
      for (;;) {
        await settle()
        const [next] = [...timers].filter(([, { due }]) => due <= end).sort((a, b) => a[1].due - b[1].due)
        if (!next) break
        timers.delete(next[0])
        now = Math.max(now, next[1].due)
        next[1].callback()
      }
      now = end
    },
  }
}

/** Lets every promise that is ready run on. */
export const settle = () => new Promise<void>(resolve => setImmediate(resolve))
