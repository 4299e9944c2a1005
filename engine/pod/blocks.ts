/**
 * Blocks tasks. A task whose partition takes no write tries again after a while, since such a partition may recover by itself.
 * A task that is blocked again for the same reason is not logged again as an error.
 */
import { failureFields, hasCode, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { RETRIES } from '#core/retry.ts'
import type { System } from '#core/system.ts'
import type { Task } from '#engine/task/task.ts'

/** A block that returns later than this is logged again. */
const SAME_MS = 10 * RETRIES.unwritable.firstMs

export interface BlocksOptions {
  readonly system: System
  readonly logger: Logger
  /** Runs the callback within the pod's next step. */
  readonly enqueue: (callback: () => void) => void
  /** The task that this pod holds under a name. */
  readonly taskOf: (name: string) => Task | undefined
}

export class Blocks {
  readonly #options: BlocksOptions
  /** The last block of each task that passes by itself. */
  readonly #passing = new Map<string, { readonly error: unknown; readonly at: number }>()

  constructor(options: BlocksOptions) {
    this.#options = options
  }

  block(name: string, error: unknown): void {
    const { logger, enqueue, taskOf } = this.#options
    const level = this.#isKnown(name, error) ? 'debug' : 'error'
    logger[level]('a task is blocked', { task: name, ...failureFields(error) })
    enqueue(() => taskOf(name)?.block(error))
  }

  /** Lets tasks try again that have waited long enough. */
  look(): void {
    const { system, taskOf } = this.#options
    const latest = system.monotonic() - RETRIES.unwritable.firstMs
    for (const [name, { error, at }] of this.#passing) if (at <= latest) taskOf(name)?.resumeFrom(error)
  }

  #isKnown(name: string, error: unknown): boolean {
    if (!hasCode(error, 'PARTITION_UNWRITABLE')) return false
    const at = this.#options.system.monotonic()
    const before = this.#passing.get(name)
    this.#passing.set(name, { error, at })
    return before !== undefined && reasonOf(before.error) === reasonOf(error) && at - before.at <= SAME_MS
  }
}
