/**
 * Sending again what failed for good, once.
 *
 * Each failure goes with its identity to where it failed. Its finished steps are found in the journal, so what was bought is
 * not bought again.
 *
 * A second record notes the replay: it has the failure's key and no value, and goes into the failure's own partition. Both
 * records are written, or neither. So an interrupted replay can be begun again, and nothing is sent twice.
 *
 * Several may replay at a time, in one process or in several. All of an application write by one transactional id. Starting its
 * producer fences that of another replay. It then looks what was sent until now, and only then writes. A replay that was
 * fenced does the same again.
 */
import { asShown } from '#core/codec.ts'
import { hasCode } from '#core/errors.ts'
import { type LogRecord, type NewRecord, partitionKey, type TopicPartition } from '#core/record.ts'
import { RETRIES, whileUnavailable } from '#core/retry.ts'
import type { System } from '#core/system.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import type { Log, PartitionBatch, Producer } from '#engine/log/log.ts'
import { placesOf, readAll } from '#engine/log/read-topic.ts'

/** Names the failure that was sent again, as `partition/offset`. */
const REPLAYED = 'caudal-replayed'

/** A failure where it is kept. */
export interface Kept {
  readonly place: TopicPartition
  readonly record: LogRecord
}

export interface Replayable extends Kept {
  /** The record to send, and its partition. Rejects with REJECTED if the failure cannot be sent again. */
  resent(log: Log): Promise<PartitionBatch>
}

/** The failure whose replay this record notes, as `partition/offset`. `undefined` for a record that is a failure itself. */
export function replayedBy({ value, headers }: LogRecord): string | undefined {
  const name = headers[REPLAYED]
  return value === null && name ? asShown(name) : undefined
}

/** The failures that a topic keeps and that were not sent again since, partition by partition. */
export async function keptIn(log: Log, topic: string): Promise<readonly Kept[]> {
  const kept = new Map<string, Kept>()
  await readAll(log, topic, (record, partition) => {
    const replayed = replayedBy(record)
    if (replayed !== undefined) kept.delete(replayed)
    else if (record.value) kept.set(`${partition}/${record.offset}`, { record, place: { topic, partition } })
  })
  return [...kept.values()]
}

/** Follows who sends failures again, whichever process it is. */
export class ReplayWatch implements Disposable {
  readonly #replayed = new Set<string>()
  #following: readonly Following[] = []

  /** Of the topics that keep the failures. */
  static async open(log: Log, system: System, failures: readonly Kept[]): Promise<ReplayWatch> {
    const watch = new ReplayWatch()
    const places = new Set(failures.map(placeOf))
    watch.#following = await Promise.all(
      topicsOf(failures).map(topic => {
        const onRecord = (record: LogRecord) => watch.#take(topic, record, places)
        return follow(log, { topic, from: 'start', system, onRecord })
      }),
    )
    return watch
  }

  /** Those that nobody has sent again, as the log is now. */
  async unsent<F extends Kept>(failures: readonly F[]): Promise<readonly F[]> {
    await Promise.all(this.#following.map(each => each.caughtUp()))
    return failures.filter(each => !this.#replayed.has(placeOf(each)))
  }

  #take(topic: string, record: LogRecord, places: ReadonlySet<string>): void {
    const place = `${topic}/${replayedBy(record)}`
    if (places.has(place)) this.#replayed.add(place)
  }

  [Symbol.dispose](): void {
    for (const each of this.#following) each.close()
  }
}

const topicsOf = (failures: readonly Kept[]): readonly string[] => [
  ...new Set(failures.map(({ place }) => place.topic)),
]

/** The place of a failure, as one text. */
export const placeOf = ({ place: { topic, partition }, record: { offset } }: Kept): string =>
  `${topic}/${partition}/${offset}`

/** Sends failures again, all in one append or none. */
export async function replay(log: Log, failures: readonly Replayable[], now: number): Promise<void> {
  await log.append(await batchesOf(log, failures, now))
}

export interface ReplaySenderOptions {
  readonly log: Log
  readonly application: string
  readonly system: System
  readonly signal?: AbortSignal | undefined
}

/** Sends failures again that nobody else has sent, whichever process it is. */
export class ReplaySender implements AsyncDisposable {
  readonly #options: ReplaySenderOptions
  readonly #watch: ReplayWatch
  readonly #topics: readonly string[]
  #producer: Producer | undefined

  private constructor(options: ReplaySenderOptions, watch: ReplayWatch, failures: readonly Kept[]) {
    this.#options = options
    this.#watch = watch
    this.#topics = topicsOf(failures)
  }

  /** For these failures. */
  static async open(options: ReplaySenderOptions, failures: readonly Kept[]): Promise<ReplaySender> {
    const watch = await ReplayWatch.open(options.log, options.system, failures)
    return new ReplaySender(options, watch, failures)
  }

  /** Sends those that are left, all or none. Returns how many they were. */
  send(failures: readonly Replayable[]): Promise<number> {
    const { system, signal } = this.#options
    return whileUnavailable(RETRIES.ownership, () => this.#send(failures), {
      ...{ system, signal },
      isPassing: error => AGAIN.some(code => hasCode(error, code)),
    })
  }

  async #send(failures: readonly Replayable[]): Promise<number> {
    const { log, system } = this.#options
    this.#producer ??= await this.#started()
    const unsent = await this.#watch.unsent(failures)
    if (unsent.length === 0) return 0
    try {
      await this.#producer.transact(await batchesOf(log, unsent, system.now()))
    } catch (error) {
      await this.#close()
      throw error
    }
    return unsent.length
  }

  async #started(): Promise<Producer> {
    const { log, application } = this.#options
    const places = await Promise.all(this.#topics.map(topic => placesOf(log, topic)))
    return log.startProducer(`${application}-replays`, places.flat())
  }

  async #close(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]()
    await this.#close()
  }
}

/** Another replay has taken the producer, or nobody knows what came of the last write: the next look tells. */
const AGAIN = ['FENCED', 'COMMIT_ABORTED', 'OUTCOME_UNKNOWN'] as const

/** The records that send failures again, and those that note it. */
async function batchesOf(
  log: Log,
  failures: readonly Replayable[],
  now: number,
): Promise<readonly PartitionBatch[]> {
  const batches = new Map<string, { readonly place: TopicPartition; readonly records: NewRecord[] }>()
  const add = (place: TopicPartition, ...records: readonly NewRecord[]) => {
    const batch = batches.get(partitionKey(place)) ?? { place, records: [] }
    batches.set(partitionKey(place), batch)
    batch.records.push(...records)
  }
  for (const failure of failures) {
    const { place, record } = failure
    const resent = await failure.resent(log)
    add(resent, ...resent.records)
    const headers = { [REPLAYED]: Buffer.from(`${place.partition}/${record.offset}`) }
    add(place, { key: record.key, value: null, headers, timestamp: now })
  }
  return [...batches.values()].map(({ place: { topic, partition }, records }) => ({
    topic,
    partition,
    records,
  }))
}
