/**
 * The record that the running code works for, through all of its promises and timers. So an error that nobody awaits is
 * reported with its operator, and one record's floating promise does not end the process.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** A record, or a batch of them, at an operator. */
export interface Work {
  /** A promise of this work was rejected, and nobody awaited it. */
  stray(error: unknown): void
}

const current = new AsyncLocalStorage<Work | undefined>()

export function asWork<T>(work: Work, body: () => T): T {
  return current.run(work, body)
}

/**
 * Runs a body that calls `beginWork` for one record after another. One body serves many records, because entering a record
 * costs a third of entering and leaving it.
 */
export function eachAsWork<T>(body: () => T): T {
  try {
    return body()
  } finally {
    current.enterWith(undefined)
  }
}

/** The code that follows works for this record, until the next call or the end of the body of `eachAsWork`. */
export function beginWork(work: Work): void {
  current.enterWith(work)
}

/** Runs engine code that works for no single record, although one may have woken it. */
export function asNobodysWork<T>(body: () => T): T {
  return current.run(undefined, body)
}

export function currentWork(): Work | undefined {
  return current.getStore()
}

let isWatching = false

/**
 * Reports unhandled rejections to the record that they come from. All others end the process as usual, unless the program has
 * a listener of its own. The listener is added once and stays for as long as the process lives. It keeps nothing alive.
 */
export function watchStrayErrors(): void {
  if (isWatching) return
  isWatching = true
  process.on('unhandledRejection', reason => {
    const work = currentWork()
    if (work) work.stray(reason)
    else if (process.listenerCount('unhandledRejection') === 1) throw reason
  })
}
