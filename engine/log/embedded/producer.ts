/** Producers of the embedded log, and the epochs by which a newer one fences those before it. */
import { CaudalError, reasonOf, WritesRefused } from '#core/errors.ts'
import type { PartitionBatch, Producer, Receipt } from '#engine/log/log.ts'
import type { Change, Writer } from './writer.ts'

/**
 * An epoch per id, in memory: producers cannot outlive the process that has the log open. An epoch is raised in the
 * writer's queue and compared there, so every transaction is wholly before a fence or refused by it.
 */
export class Epochs {
  readonly #epochs = new Map<string, number>()
  readonly #writer: Writer

  constructor(writer: Writer) {
    this.#writer = writer
  }

  /** Resolves with the new epoch once nothing of the earlier ones can take place any more. */
  raise(id: string): Promise<number> {
    return this.#writer.submit(() => {
      const epoch = (this.#epochs.get(id) ?? 0) + 1
      this.#epochs.set(id, epoch)
      return { puts: [], committed: () => epoch }
    })
  }

  /** Throws FENCED when a newer epoch of the id has begun. */
  check(id: string, epoch: number): void {
    if (this.#epochs.get(id) !== epoch) throw new CaudalError('FENCED', { producer: id })
  }
}

export class EmbeddedProducer implements Producer {
  readonly #id: string
  readonly #epoch: number
  readonly #epochs: Epochs
  readonly #writer: Writer
  readonly #prepare: (batches: readonly PartitionBatch[]) => () => Change<Receipt>
  #closed = false
  /** Why an earlier transaction failed: after that this producer is of no more use. */
  #failure: unknown

  constructor(
    id: string,
    epoch: number,
    epochs: Epochs,
    writer: Writer,
    prepare: (batches: readonly PartitionBatch[]) => () => Change<Receipt>,
  ) {
    this.#id = id
    this.#epoch = epoch
    this.#epochs = epochs
    this.#writer = writer
    this.#prepare = prepare
  }

  async transact(batches: readonly PartitionBatch[]): Promise<Receipt> {
    if (this.#closed) throw new CaudalError('LOG_CLOSED')
    if (this.#failure) {
      const reason = `this producer failed before: ${reasonOf(this.#failure)}`
      throw new CaudalError('COMMIT_ABORTED', { reason }, this.#failure)
    }
    try {
      const plan = this.#prepare(batches)
      return await this.#writer.submit(() => {
        this.#epochs.check(this.#id, this.#epoch)
        return plan()
      })
    } catch (error) {
      if (!(error instanceof WritesRefused)) this.#failure = error
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}
