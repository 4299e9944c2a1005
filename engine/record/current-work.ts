/**
 * Which record the code that runs now works for, through all its promises and timers: so that what an operator has started
 * and nobody awaits still has a name, and one record's floating promise does not end the process.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** A record, or a batch of them, at an operator. */
export interface Work {
  /** Something that it has started has failed, and nobody was waiting for it. */
  stray(error: unknown): void
}

const current = new AsyncLocalStorage<Work | undefined>()

export function asWork<T>(work: Work, body: () => T): T {
  return current.run(work, body)
}

/**
 * Runs a body that calls `beginWork` for one record after the other. Many records a body: to enter a record costs a third
 * of what it costs to enter and to leave it.
 */
export function eachAsWork<T>(body: () => T): T {
  try {
    return body()
  } finally {
    current.enterWith(undefined)
  }
}

/** What follows is done for this record, up to the next call or to the end of the body of `eachAsWork`. */
export function beginWork(work: Work): void {
  current.enterWith(work)
}

/** What the engine does for all records is the work of none, whichever has woken it. */
export function asNobodysWork<T>(body: () => T): T {
  return current.run(undefined, body)
}

export function currentWork(): Work | undefined {
  return current.getStore()
}

let isWatching = false

/**
 * Gives rejections that nobody handles to the record that they come from. All others end the process, as without this,
 * unless the program has a listener of its own. Once a process, for as long as it lives: it holds nothing.
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
