/**
 * How a client takes a transactional id over: the repair of torn transactions, over requests that faults can hit. Without
 * the partitions that producers of the id may write to nothing is asked, and the next epoch is simply started.
 */
import { CaudalError, hasCode, reasonOf } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import { sleep } from '#core/system.ts'
import { type Epoch, type TransactionPort, takeOver } from '../repair.ts'
import type { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import type { Request } from './network.ts'
import type { Identity } from './transaction-coordinator.ts'

/** How long a client waits before it asks again while an earlier transaction is still ending. */
const BUSY_RETRY_MS = 20
const BUSY_RETRIES_MAX = 250

/** One attempt of a client at the transactions of an id. */
export class SimulatedTransactions implements TransactionPort {
  readonly transactionalId: string
  readonly endsRaiseEpochs = false
  /** A request was not answered: nobody waits for that to pass. */
  isAway = false
  readonly #cluster: Cluster
  readonly #connection: Connection

  constructor(cluster: Cluster, connection: Connection, transactionalId: string) {
    this.#cluster = cluster
    this.#connection = connection
    this.transactionalId = transactionalId
  }

  describe() {
    return this.#ask('describeTransaction', () => this.#cluster.transactions.describe(this.transactionalId))
  }

  open(producerId: string, places: readonly TopicPartition[]) {
    return this.#ask('describeProducers', () => this.#cluster.transactions.openOf(producerId, places))
  }

  async start(purpose: 'write' | 'commit' | 'abort'): Promise<Epoch> {
    const { transactions } = this.#cluster
    const started = await this.#ask('startProducer', () => transactions.start(this.transactionalId, purpose))
    if (started === 'busy') throw this.#busy()
    return { producerId: String(started.producerId), epoch: started.epoch }
  }

  async add(epoch: Epoch, places: readonly TopicPartition[]): Promise<void> {
    const { transactions } = this.#cluster
    const added = await this.#ask('addPartitions', () => transactions.add(this.#identityOf(epoch), places))
    if (added === 'busy') throw this.#busy()
    if (added === 'fenced') throw this.#fenced()
  }

  async end(epoch: Epoch, outcome: 'commit' | 'abort'): Promise<void> {
    const { transactions } = this.#cluster
    const decided = outcome === 'commit' ? 'committed' : 'aborted'
    const ended = await this.#ask('endTransaction', () => transactions.end(this.#identityOf(epoch), decided))
    if (ended !== 'done') throw this.#fenced()
  }

  /** Repairs log nothing: the simulated cluster has no logger. */
  warn(): void {}

  pause(ms: number): Promise<void> {
    return sleep(this.#connection.system, ms)
  }

  monotonic(): number {
    return this.#connection.system.monotonic()
  }

  #identityOf({ producerId, epoch }: Epoch): Identity {
    return { transactionalId: this.transactionalId, producerId: Number(producerId), epoch }
  }

  #ask<R>(request: Request, serve: () => R): Promise<R> {
    return this.#connection.ask(request, serve).catch((error: unknown) => {
      this.isAway = true
      throw error
    })
  }

  #busy(): CaudalError {
    return new CaudalError('LOG_UNAVAILABLE', { reason: 'an earlier transaction of the producer is ending' })
  }

  #fenced(): CaudalError {
    return new CaudalError('FENCED', { producer: this.transactionalId })
  }
}

/** Registers a producer, fencing its predecessors; resolves once nothing of theirs is open. */
export function startIdentity(
  cluster: Cluster,
  connection: Connection,
  transactionalId: string,
  writes: readonly TopicPartition[] | undefined,
): Promise<Identity> {
  if (writes === undefined || cluster.defects.asksNothing(connection.client))
    return untilFree(connection, () =>
      connection.ask('startProducer', () => cluster.transactions.start(transactionalId)),
    )
  return untilFree(connection, async () => {
    const port = new SimulatedTransactions(cluster, connection, transactionalId)
    try {
      const { producerId, epoch } = await takeOver(cluster.defects.repairOf(connection.client, port), writes)
      return { transactionalId, producerId: Number(producerId), epoch }
    } catch (error) {
      const isPassing = hasCode(error, 'LOG_UNAVAILABLE') || hasCode(error, 'FENCED')
      if (isPassing && !port.isAway) return 'busy'
      throw hasCode(error, 'FENCED')
        ? new CaudalError('LOG_UNAVAILABLE', { reason: reasonOf(error) }, error)
        : error
    }
  })
}

/** Ids whose last transaction has ended, but not in all of these partitions. Both answers about an id must be of one moment. */
export async function leftoversOf(
  cluster: Cluster,
  connection: Connection,
  places: readonly TopicPartition[],
): Promise<readonly string[]> {
  const { transactions } = cluster
  const ids = await connection.ask('describeProducers', () => transactions.idsOn(places))
  const torn: string[] = []
  for (const id of ids) {
    const describe = () => connection.ask('describeTransaction', () => transactions.describe(id))
    const before = await describe()
    if (!before || before.state === 'ending') continue
    // A repair that goes on may have lost its pod.
    if (before.state === 'ongoing' && before.purpose === 'write') continue
    const open = await connection.ask('describeProducers', () =>
      transactions.openOf(before.producerId, places),
    )
    const after = await describe()
    const isSame = after?.state === before.state && after.epoch === before.epoch
    if (isSame && after.startedAt === before.startedAt && open.length > 0) torn.push(id)
  }
  return torn
}

/** Asks again while the broker is busy ending an earlier transaction of the producer. */
export async function untilFree<R>(connection: Connection, ask: () => Promise<R | 'busy'>): Promise<R> {
  for (let tries = 0; tries <= BUSY_RETRIES_MAX; tries++) {
    const answer = await ask()
    if (answer !== 'busy') return answer
    await sleep(connection.system, BUSY_RETRY_MS)
  }
  throw new CaudalError('LOG_UNAVAILABLE', { reason: 'an earlier transaction of the producer does not end' })
}
