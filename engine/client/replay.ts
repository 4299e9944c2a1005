/**
 * Sending again what failed for good, once.
 *
 * Each failure goes with its identity to where it failed. Its finished steps are found in the journal, so what was bought is
 * not bought again.
 *
 * A second record notes the replay: it has the failure's key and no value, and goes into the failure's own partition. Both
 * records are written, or neither. So an interrupted replay can be begun again, and nothing is sent twice.
 */
import { asShown } from '#core/codec.ts'
import { type LogRecord, type NewRecord, partitionKey, type TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import type { Log, PartitionBatch } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'

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
    const topics = [...new Set(failures.map(({ place }) => place.topic))]
    const places = new Set(failures.map(placeOf))
    watch.#following = await Promise.all(
      topics.map(topic => {
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

/** The place of a failure, as one text. */
export const placeOf = ({ place: { topic, partition }, record: { offset } }: Kept): string =>
  `${topic}/${partition}/${offset}`

/** Sends failures again, all in one append or none. */
export async function replay(log: Log, failures: readonly Replayable[], now: number): Promise<void> {
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
  await log.append(
    [...batches.values()].map(({ place: { topic, partition }, records }) => ({ topic, partition, records })),
  )
}
