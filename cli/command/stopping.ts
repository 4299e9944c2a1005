/** How a command that waits for something ends when a signal stops it. */
import { hasCode } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'

/** Whether the error is no more than the end that was asked for. */
export function isStop(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || hasCode(error, 'LOG_CLOSED'))
}

/** Does not wait for what may take its time to notice the abort; what comes of it all the same is handed to `discard`. */
export function orAborted<T>(
  pending: Promise<T>,
  signal: AbortSignal,
  discard: (late: T) => Promise<unknown>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason)
      pending.then(discard).catch(() => undefined) // It was given up, and so are its errors.
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    pending.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/**
 * Closes the log so long after the signal, unless the returned function was called before. Calls that wait for brokers
 * that are away are then rejected with LOG_CLOSED.
 */
export function closedOnStop(log: Log, signal: AbortSignal, system: System, graceMs: number): () => void {
  let cancel = () => {}
  const stop = () => {
    cancel = system.after(graceMs, () => {
      log.close().catch(() => undefined) // The opener closes the log too, and gets the error.
    })
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return () => {
    signal.removeEventListener('abort', stop)
    cancel()
  }
}
