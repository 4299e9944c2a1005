/** The one writer of an embedded log: puts changes in order and commits those that wait together. */
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { Put, Store } from './store.ts'

/** What a change writes, and what it does in memory once that is committed. */
export interface Change<T> {
  readonly puts: readonly Put[]
  committed(): T
}

export interface SubmitOptions {
  /** Commits it by itself: for a plan that reads from the store what an earlier one of its group may be writing. */
  readonly alone?: boolean
}

interface Waiting {
  readonly alone: boolean
  /** Plans the change. A throw rejects this change only. */
  plan(): Settling | undefined
  reject(error: unknown): void
}

interface Settling {
  readonly puts: readonly Put[]
  resolve(): void
  reject(error: unknown): void
}

/** A group is closed when it holds this many changes: bounds the time that one commit holds the event loop. */
const GROUP_CHANGES_MAX = 256
const FLUSH_INTERVAL_MS = 1_000

/**
 * Changes run strictly one group after the other, in three steps:
 * 1. Plan all changes of the group in order. Each plan sees every change before it.
 * 2. Commit what they put as one transaction of the store. So memory never runs ahead of the disk.
 * 3. Apply all of them in memory. So a reader is woken only by what it can read.
 *
 * Each group starts on a turn of the event loop of its own. Changes of the same turn share the commit: no delay must be
 * tuned, and a busy writer starves neither timers nor sockets.
 */
export class Writer {
  readonly #store: Store
  readonly #system: System
  readonly #flushes: boolean
  #queue: Waiting[] = []
  #running = false
  #closed = false
  #drained: (() => void) | undefined
  #cancelFlush: (() => void) | undefined

  /** With `flushes`, asks the disk to follow about every second while there is something to follow. */
  constructor(store: Store, system: System, flushes: boolean) {
    this.#store = store
    this.#system = system
    this.#flushes = flushes
  }

  /** Resolves with what the change's `committed` returns. Rejects with what its plan throws, or as the store does. */
  submit<T>(plan: () => Change<T>, options: SubmitOptions = {}): Promise<T> {
    if (this.#closed) return Promise.reject(new CaudalError('LOG_CLOSED'))
    return new Promise((resolve, reject) => {
      this.#queue.push({ alone: options.alone ?? false, reject, plan: () => planned(plan, resolve, reject) })
      this.#schedule()
    })
  }

  /** Rejects what has not begun, and waits for what has. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelFlush?.()
    for (const waiting of this.#queue.splice(0)) waiting.reject(new CaudalError('LOG_CLOSED'))
    if (!this.#running) return
    await new Promise<void>(resolve => {
      this.#drained = resolve
    })
  }

  #schedule(): void {
    if (this.#running || this.#queue.length === 0) return
    this.#running = true
    this.#system.defer(() => void this.#commitGroup())
  }

  async #commitGroup(): Promise<void> {
    const changes = this.#takeGroup().flatMap(waiting => waiting.plan() ?? [])
    const puts = changes.flatMap(change => change.puts)
    try {
      if (puts.length > 0) await this.#store.commit(puts)
      for (const change of changes) change.resolve()
      if (puts.length > 0) this.#flushSoon()
    } catch (error) {
      for (const change of changes) {
        if (change.puts.length > 0) change.reject(error)
        else change.resolve()
      }
    }
    this.#running = false
    this.#drained?.()
    this.#schedule()
  }

  #takeGroup(): Waiting[] {
    const apart = this.#queue.findIndex(waiting => waiting.alone)
    const count = apart === 0 ? 1 : apart < 0 ? GROUP_CHANGES_MAX : Math.min(apart, GROUP_CHANGES_MAX)
    return this.#queue.splice(0, count)
  }

  #flushSoon(): void {
    if (!this.#flushes || this.#closed || this.#cancelFlush) return
    this.#cancelFlush = this.#system.after(FLUSH_INTERVAL_MS, () => {
      this.#cancelFlush = undefined
      void this.#store.flush()
    })
  }
}

function planned<T>(
  plan: () => Change<T>,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Settling | undefined {
  try {
    const change = plan()
    return { puts: change.puts, resolve: () => resolve(change.committed()), reject }
  } catch (error) {
    reject(error)
    return undefined
  }
}
