/** The only file that touches the clock, timers and randomness. Everything else receives a `System`. */

/** Time and randomness of a process. A test passes virtual ones: `virtualSystem` of `caudal/testing`. */
export interface System {
  /** Wall time in milliseconds since the epoch; it may jump either way. Only for time stamps, due times and times to live. */
  now(): number
  /** Whole milliseconds since some moment; never goes back. For durations, and for deadlines inside this process. */
  monotonic(): number
  /** Runs `callback` once, `delayMs` from now; the returned function cancels it and may be called at any time. */
  after(delayMs: number, callback: () => void): () => void
  /** Runs `callback` soon, after I/O that is ready now has had its turn. */
  defer(callback: () => void): void
  /** A number in [0, 1). Never used for identities of records. */
  random(): number
}

/** The machine's own time and randomness. */
export const realSystem: System = {
  now: () => Date.now(),
  monotonic: () => Math.floor(performance.now()),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), 2 ** 31 - 1))
    return () => clearTimeout(timer)
  },
  defer: callback => void setImmediate(callback),
  random: () => Math.random(),
}

/** A promise that resolves after `delayMs`; rejects with the signal's reason when aborted first. */
export function sleep(system: System, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = system.after(delayMs, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}
