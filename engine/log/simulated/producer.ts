/**
 * A client's transactional producer: writes, then ends the transaction.
 *
 * Until the end is requested nothing can take place. So an unanswered request before that means COMMIT_ABORTED, and a
 * refusal of the broker is thrown as it is. The transaction may stay open at the broker until a fence, the next producer or
 * its time-out aborts it. After the end is requested, an unanswered or unclear request means OUTCOME_UNKNOWN.
 */
import { CaudalError, hasCode, invariant, reasonOf, WritesRefused } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import type { PartitionBatch, Producer, Receipt } from '../log.ts'
import { isWhole } from '../repair.ts'
import type { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import { SimulatedTransactions, untilFree } from './transaction-client.ts'
import type { Identity } from './transaction-coordinator.ts'

export class SimulatedProducer implements Producer {
  readonly #cluster: Cluster
  readonly #connection: Connection
  readonly #identity: Identity
  /** The partitions that it may write to: looked at when its coordinator has changed. */
  readonly #writes: readonly TopicPartition[] | undefined
  #term: number
  #status: 'idle' | 'busy' | 'useless' | 'closed' = 'idle'

  constructor(
    cluster: Cluster,
    connection: Connection,
    identity: Identity,
    writes: readonly TopicPartition[] | undefined,
  ) {
    this.#cluster = cluster
    this.#connection = connection
    this.#identity = identity
    this.#writes = writes
    this.#term = cluster.transactions.termOf(identity.transactionalId)
  }

  async transact(batches: readonly PartitionBatch[]): Promise<Receipt> {
    invariant(this.#status !== 'busy', 'one transaction of a producer at a time')
    if (this.#status === 'closed') throw new CaudalError('LOG_CLOSED')
    if (this.#status === 'useless') throw aborted('this producer has failed before')
    this.#status = 'busy'
    try {
      const receipt = await this.#write(batches)
      await this.#commit()
      this.#become('idle')
      return receipt
    } catch (error) {
      const isDefect =
        this.#cluster.defects.producersGoOn(this.#connection.client) && !hasCode(error, 'FENCED')
      // What was refused was refused whole: nothing of the transaction has begun.
      const goesOn = isDefect || error instanceof WritesRefused
      this.#become(goesOn ? 'idle' : 'useless')
      throw error
    }
  }

  async close(): Promise<void> {
    this.#status = 'closed'
  }

  #become(status: 'idle' | 'useless'): void {
    if (this.#status === 'busy') this.#status = status
  }

  async #write(batches: readonly PartitionBatch[]): Promise<Receipt> {
    const { transactions, intake } = this.#cluster
    const written = await untilFree(this.#connection, () =>
      this.#connection.ask('write', () => {
        intake.check(batches)
        const half = intake.reached(this.#connection.client, batches)
        const receipt = transactions.write(this.#identity, half, this.#term)
        if (half === batches || receipt === 'busy') return receipt
        throw new CaudalError('LOG_UNAVAILABLE', { reason: 'one of the brokers did not answer' })
      }),
    ).catch((error: unknown) => {
      throw hasCode(error, 'LOG_UNAVAILABLE') ? aborted(reasonOf(error), error) : error
    })
    if (written === 'fenced') throw this.#fenced()
    if (written !== 'moved') return written
    await this.#lookBack()
    return this.#write(batches)
  }

  /** Another one coordinates: the last transaction may be torn, and what is written now would go the way of its leftovers. */
  async #lookBack(): Promise<void> {
    const { transactionalId, producerId, epoch } = this.#identity
    const term = this.#cluster.transactions.termOf(transactionalId)
    const port = new SimulatedTransactions(this.#cluster, this.#connection, transactionalId)
    const own = { producerId: String(producerId), epoch }
    const isTrusted = this.#writes === undefined || this.#cluster.defects.asksNothing(this.#connection.client)
    const whole =
      isTrusted ||
      (await isWhole(port, own, this.#writes ?? []).catch(error => {
        throw aborted(reasonOf(error), error)
      }))
    if (!whole) throw aborted('the transaction before has not ended everywhere')
    this.#term = term
  }

  async #commit(): Promise<void> {
    const answer = await this.#connection
      .ask('endTransaction', () => this.#cluster.transactions.end(this.#identity, 'committed'))
      .catch((error: unknown) => {
        throw new CaudalError('OUTCOME_UNKNOWN', { reason: reasonOf(error) }, error)
      })
    if (answer === 'fenced') throw this.#fenced()
    if (answer === 'unknown') throw new CaudalError('OUTCOME_UNKNOWN', { reason: 'a fence raced the commit' })
  }

  #fenced(): CaudalError {
    return new CaudalError('FENCED', { producer: this.#identity.transactionalId })
  }
}

function aborted(reason: string, cause?: unknown): CaudalError {
  return new CaudalError('COMMIT_ABORTED', { reason }, cause)
}
