/**
 * A client's transactional producer: writes, then ends the transaction.
 *
 * Until the end is requested nothing can take place, so an unanswered request before that means COMMIT_ABORTED, and what
 * the broker refuses to store is handed on as it says it; the transaction may stay open at the broker until a fence, the
 * next producer or its time-out aborts it. After that point an unanswered or unclear request means OUTCOME_UNKNOWN.
 */
import { CaudalError, hasCode, invariant, reasonOf } from '#engine/core/errors.ts'
import { sleep } from '#engine/core/system.ts'
import type { PartitionBatch, Producer, Receipt } from '../log.ts'
import type { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import type { Identity } from './transaction-coordinator.ts'

/** How long a client waits before it asks again while an earlier transaction is still ending. */
const BUSY_RETRY_MS = 20
const BUSY_RETRIES_MAX = 250

export class SimulatedProducer implements Producer {
  readonly #cluster: Cluster
  readonly #connection: Connection
  readonly #identity: Identity
  #status: 'idle' | 'busy' | 'useless' | 'closed' = 'idle'

  constructor(cluster: Cluster, connection: Connection, identity: Identity) {
    this.#cluster = cluster
    this.#connection = connection
    this.#identity = identity
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
      const goesOn = this.#cluster.defects.producersGoOn(this.#connection.client) && !hasCode(error, 'FENCED')
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
        return transactions.write(this.#identity, batches)
      }),
    ).catch((error: unknown) => {
      throw hasCode(error, 'LOG_UNAVAILABLE') ? aborted(reasonOf(error), error) : error
    })
    if (written === 'fenced') throw this.#fenced()
    return written
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

/** Registers a producer, fencing its predecessors; resolves once nothing of theirs is open. */
export function startIdentity(
  cluster: Cluster,
  connection: Connection,
  transactionalId: string,
): Promise<Identity> {
  return untilFree(connection, () =>
    connection.ask('startProducer', () => cluster.transactions.start(transactionalId)),
  )
}

/** Asks again while the broker is busy ending an earlier transaction of the producer. */
async function untilFree<R>(connection: Connection, ask: () => Promise<R | 'busy'>): Promise<R> {
  for (let tries = 0; tries <= BUSY_RETRIES_MAX; tries++) {
    const answer = await ask()
    if (answer !== 'busy') return answer
    await sleep(connection.system, BUSY_RETRY_MS)
  }
  throw new CaudalError('LOG_UNAVAILABLE', { reason: 'an earlier transaction of the producer does not end' })
}

function aborted(reason: string, cause?: unknown): CaudalError {
  return new CaudalError('COMMIT_ABORTED', { reason }, cause)
}
