/**
 * Taking a transactional id over without losing what its last transaction left open.
 *
 * Kafka's coordinator may log a transaction as complete though some partitions never got the marker that ends it there.
 * Such a transaction is torn. Its leftovers stay open in those partitions until the next marker of the same producer id ends
 * them. An abort marker then takes away what was committed; a commit marker shows what was aborted. Starting a producer
 * aborts what is ongoing, so the question comes first:
 *
 *   ask ──nothing is left──▶ start the next epoch to write ──▶ ask the leaders once more ──▶ taken over
 *    ▲  ──leftovers──▶ start an epoch to repair ──▶ add their partitions ──▶ end as it was ended ──┐
 *    └──────────────────────────────────────────────────────────────────────────────────────────┘
 *
 * - An epoch is started for a purpose, which the coordinator keeps with it. An epoch to repair writes no record. So any
 *   repairer that finds its transaction ongoing may end it: all agree on the outcome, and a repairer that dies loses nothing.
 * - Starting an epoch aborts the repair of another, and brokers cannot be asked to start one only if nothing has changed.
 *   Two repairers that expect the same epoch get the same next one, and fence nobody (docs/ownership.md).
 *   So each repairer starts an epoch of its own and waits. A repairer that looked earlier starts its epoch in that time, and
 *   the brokers then refuse this one. Otherwise this repairer looks again, and only then adds partitions. A repairer that
 *   looks later sees the purpose and waits for three times as long.
 * - So a repairer goes on only while what it has seen is fresh. One that has slept, or waited for answers, looks again.
 *   Otherwise it could add partitions at the moment when another one takes it for gone, and starts an epoch.
 * - Starting an epoch drops what the coordinator says of the transaction before. The purpose keeps it.
 * - What was committed or aborted is known only of the last transaction of an id. Leftovers of an earlier one, or below a
 *   transaction that is ongoing, are not guessed at: TRANSACTION_TORN. A producer that asks `isWhole` before it writes
 *   whenever its coordinator may have changed never gets there.
 * - A refused or unanswered step rejects, and the whole is to be tried again: each try begins with the question.
 */
import { CaudalError, hasCode } from '#core/errors.ts'
import { distinctPlaces, partitionKey, type TopicPartition } from '#core/record.ts'

/** What an epoch is for: to write, or to end leftovers. */
export type Purpose = 'write' | 'commit' | 'abort'

export interface Epoch {
  readonly producerId: string
  readonly epoch: number
}

/** What the coordinator says of a transactional id. */
export interface Described extends Epoch {
  /** `ending` is decided, and markers are missing. */
  readonly state: 'empty' | 'ongoing' | 'ending' | 'committed' | 'aborted'
  readonly purpose: Purpose
  /** Tells transactions of one epoch apart. */
  readonly startedAt: number
  /** Of the transaction that is ongoing or ending. */
  readonly partitions: readonly TopicPartition[]
}

/** A transaction that a partition's leader holds open. */
export interface OpenTransaction extends TopicPartition, Epoch {
  readonly firstOffset: number
}

/** The brokers, as far as they are asked about one transactional id. Each call rejects when it is refused. */
export interface TransactionPort {
  readonly transactionalId: string
  /** The ends of transactions raise the epoch as well. */
  readonly endsRaiseEpochs: boolean
  /** `undefined` when the coordinator does not know the id. */
  describe(): Promise<Described | undefined>
  /** Asks the leaders of the partitions. Rejects with TRANSACTION_UNCHECKED where that is not allowed. */
  open(producerId: string, places: readonly TopicPartition[]): Promise<readonly OpenTransaction[]>
  /** Starts the next epoch. Rejects while a transaction is ending, and when it had to abort an ongoing one. */
  start(purpose: Purpose): Promise<Epoch>
  add(epoch: Epoch, places: readonly TopicPartition[]): Promise<void>
  end(epoch: Epoch, outcome: 'commit' | 'abort'): Promise<void>
  pause(ms: number): Promise<void>
  /** Milliseconds since some moment, which a sleep of the process does not stop. */
  monotonic(): number
  /** Tells of what was repaired, and of what will block this id later. */
  warn(message: string): void
}

/** What is known of an id without asking. */
type Asked = Pick<TransactionPort, 'transactionalId' | 'endsRaiseEpochs'>

export interface Found {
  readonly described: Described | undefined
  readonly open: readonly OpenTransaction[]
}

interface Looked extends Found {
  /** When the coordinator was asked last. */
  readonly at: number
}

/** An end is answered before its markers are written, and another partition may be found torn after that. */
const ROUNDS_MAX = 3
/** What was sent before another one could see our epoch has arrived by then. */
const UNSEEN_MS = 1_000
/** A repair starts its epoch within this time of its last look at the coordinator, so that the epoch arrives within `UNSEEN_MS`. */
const STARTS_WITHIN_MS = 700
/** A repair adds its partitions within this time of its start. */
const ADDS_WITHIN_MS = 2_000
/** A repair that was started, and has added nothing for so long, has lost its pod. */
const GONE_MS = 3_000
/** The coordinator gives an id whose epochs are used up another producer id, which cannot end what this one has left. */
const EPOCH_MAX = 32_766

/**
 * Fences all producers of the id, ends their transactions, and returns the next epoch. `places` are all partitions that
 * they may have written to.
 */
export async function takeOver(port: TransactionPort, places: readonly TopicPartition[]): Promise<Epoch> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const found = await ask(port, places)
    const outcome = outcomeOf(port, found)
    if (outcome === undefined) return startToWrite(port, found, places)
    await repair(port, found, places, outcome)
  }
  throw unsettled(port)
}

/**
 * Whether the last transaction of a producer ended everywhere. If not, it must not write: it has to be taken over. Rejects with
 * FENCED when that was done already.
 */
export async function isWhole(
  port: TransactionPort,
  { producerId, epoch }: Epoch,
  places: readonly TopicPartition[],
): Promise<boolean> {
  const { described, open } = await ask(port, places)
  if (described?.producerId !== producerId || described.epoch !== epoch)
    throw new CaudalError('FENCED', { producer: port.transactionalId })
  return described.state !== 'ongoing' && open.length === 0
}

async function ask(port: TransactionPort, places: readonly TopicPartition[]): Promise<Looked> {
  const at = port.monotonic()
  const described = await port.describe()
  if (described?.state === 'ending') throw unsettled(port)
  if (described === undefined) return { described, open: [], at }
  const open = await port.open(described.producerId, union(places, described.partitions))
  if (open.length === 0 || (described.state === 'ongoing' && outside(described, open).length === 0))
    return { described, open, at }
  // Both answers must be of one moment: a producer that lives may have begun or ended a transaction between.
  const again = port.monotonic()
  if (!isSame(described, await port.describe())) throw unsettled(port)
  return { described, open, at: again }
}

/** How the leftovers have to be ended; `undefined` when there are none. Throws TRANSACTION_TORN where nobody knows. */
export function outcomeOf(port: Asked, { described, open }: Found): 'commit' | 'abort' | undefined {
  if (described === undefined) return undefined
  const { state, purpose, epoch } = described
  if (purpose !== 'write') {
    if (purpose === 'commit' && state === 'aborted') throw torn(port, open, 'its repair was aborted')
    return open.length > 0 || state === 'ongoing' ? purpose : undefined
  }
  if (state === 'ongoing') {
    refuse(port, outside(described, open), 'another one is ongoing')
    return undefined
  }
  if (open.length === 0) return undefined
  if (state === 'empty') throw torn(port, open, 'nobody knows how it ended')
  // A fence and a time-out raise the epoch before they abort.
  const behindMax = state === 'aborted' || port.endsRaiseEpochs ? 1 : 0
  const isEarlier = (each: OpenTransaction) => each.epoch < epoch - behindMax
  refuse(port, open.filter(isEarlier), 'another one ended since')
  return state === 'committed' ? 'commit' : 'abort'
}

async function repair(
  port: TransactionPort,
  { described, open, at }: Looked,
  places: readonly TopicPartition[],
  outcome: 'commit' | 'abort',
): Promise<void> {
  if (described?.state === 'ongoing') return port.end(described, outcome)
  if ((described?.epoch ?? 0) >= EPOCH_MAX) throw torn(port, open, 'its producer id is used up')
  let lookedAt = at
  if (described?.state === 'empty') {
    await port.pause(GONE_MS)
    lookedAt = port.monotonic()
    // Otherwise another one repairs it.
    if (!isSame(described, await port.describe())) return
  }
  assertFresh(port, lookedAt, STARTS_WITHIN_MS)
  const startedAt = port.monotonic()
  const epoch = await port.start(outcome)
  await port.pause(UNSEEN_MS)
  const left = await port.open(epoch.producerId, places)
  if (left.length === 0) return
  assertFresh(port, startedAt, ADDS_WITHIN_MS)
  await port.add(epoch, left)
  await port.end(epoch, outcome)
  port.warn(
    `a transaction of producer ${port.transactionalId} was ended by ${outcome}, but the brokers left it open in ` +
      `${placesOf(left)}: it is ended there in the same way now`,
  )
}

/** Rejects when a moment is longer ago: the process has slept, or the brokers were slow. The next try looks again. */
function assertFresh(port: TransactionPort, at: number, withinMs: number): void {
  if (port.monotonic() - at <= withinMs) return
  const reason = `the repair of producer ${port.transactionalId} was held up, and begins again`
  throw new CaudalError('LOG_UNAVAILABLE', { reason })
}

async function startToWrite(
  port: TransactionPort,
  { described }: Found,
  places: readonly TopicPartition[],
): Promise<Epoch> {
  const started = await port.start('write')
  const left = await port.open(described?.producerId ?? started.producerId, places).catch(error => {
    // An id that nobody has used leaves nothing.
    if (described !== undefined || !hasCode(error, 'TRANSACTION_UNCHECKED')) throw error
    port.warn(error.message)
    return []
  })
  // A producer that lived until now may have ended a transaction since the question; none can any more. A later epoch may
  // have begun a transaction: that is no leftover, and the later epoch has fenced us.
  const isLater = ({ producerId, epoch }: OpenTransaction) =>
    producerId === started.producerId && epoch > started.epoch
  refuse(
    port,
    left.filter(each => !isLater(each)),
    'nobody knows how it ended',
  )
  return started
}

function outside({ partitions, epoch }: Described, open: readonly OpenTransaction[]): OpenTransaction[] {
  const inside = new Set(partitions.map(partitionKey))
  return open.filter(each => each.epoch < epoch || !inside.has(partitionKey(each)))
}

function union(places: readonly TopicPartition[], others: readonly TopicPartition[]): TopicPartition[] {
  return distinctPlaces([...places, ...others])
}

function isSame(one: Described, other: Described | undefined): boolean {
  return (
    other?.producerId === one.producerId &&
    other.epoch === one.epoch &&
    other.state === one.state &&
    other.startedAt === one.startedAt &&
    other.partitions.length === one.partitions.length
  )
}

function refuse(port: Asked, open: readonly OpenTransaction[], reason: string): void {
  if (open.length > 0) throw torn(port, open, reason)
}

function torn(port: Asked, open: readonly OpenTransaction[], reason: string): CaudalError {
  const places = placesOf(open)
  const commands = open.map(
    ({ topic, partition, firstOffset }) =>
      `kafka-transactions.sh abort --topic ${topic} --partition ${partition} --start-offset ${firstOffset}`,
  )
  const details = {
    producer: port.transactionalId,
    producerId: open[0]?.producerId ?? 'unknown',
    places: places || 'a partition',
    reason,
    remedy:
      commands.length > 0
        ? `look first whether what it wrote elsewhere was committed: its records here are lost otherwise (docs/errors.md). ` +
          `Drop it there with ${commands.join('; ')}`
        : 'see docs/errors.md',
  }
  return new CaudalError('TRANSACTION_TORN', details)
}

function placesOf(open: readonly OpenTransaction[]): string {
  return open.map(each => `${partitionKey(each)} from offset ${each.firstOffset}`).join(', ')
}

function unsettled(port: TransactionPort): CaudalError {
  const reason = `a transaction of producer ${port.transactionalId} is ending`
  return new CaudalError('LOG_UNAVAILABLE', { reason })
}
