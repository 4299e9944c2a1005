/** The vocabulary of data in motion: what a log stores, what a source hands out, what a commit writes. */

/** Header name to raw bytes, exactly as stored; a name occurs once. Engine headers begin with `caudal-`. */
export type Headers = Readonly<Record<string, Uint8Array>>

/** One record as it is written: without an offset. */
export interface NewRecord {
  readonly key: Uint8Array | null
  /** `null` is a tombstone: compaction removes the key. */
  readonly value: Uint8Array | null
  readonly headers: Headers
  /**
   * All headers as they were read. Present where `headers` is not exact: `headers` has the last value of a name that
   * occurs twice, and an empty value where there was none. A writer writes these instead of `headers`.
   */
  readonly allHeaders?: readonly HeaderPair[] | undefined
  /** Event time, milliseconds since the epoch. */
  readonly timestamp: number
}

/** One header as it is stored: a name may occur again, and a value may be missing. */
export type HeaderPair = readonly [name: string, value: Uint8Array | null]

/** One record as it is read. Offsets grow within a partition and may have gaps. */
export interface LogRecord extends NewRecord {
  readonly offset: number
}

/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** The unit of ownership: one stage on one partition number. */
export interface TaskId {
  readonly stage: string
  readonly partition: number
}

/** The headers of a record without any. */
export const NO_HEADERS: Headers = Object.freeze({})

/** Names of the headers that the engine itself writes. */
export const HEADER = {
  /** Identity of the record across hops and replays; absent means `topic/partition/offset`. */
  id: 'caudal-id',
  /** Identity of a replay, where another program wrote the header `caudal-id`. */
  replayOf: 'caudal-replay-of',
  /** JSON of a delayed record: due time, target topic, time of entry into the tier. */
  delay: 'caudal-delay',
} as const

/** The name of a task, `stage/partition`: in logs, in metrics and as a key. */
export function taskKey(task: TaskId): string {
  return `${task.stage}/${task.partition}`
}

/** The stage of a task by the name of the task. */
export function stageOf(task: string): string {
  const end = task.lastIndexOf('/')
  return end < 0 ? task : task.slice(0, end)
}

/** The name of a partition, `topic/partition`: in logs and as a key. */
export function partitionKey(place: TopicPartition): string {
  return `${place.topic}/${place.partition}`
}

/** Each partition once. Brokers refuse a question that names one twice. */
export function distinctPlaces<Place extends TopicPartition>(places: readonly Place[]): Place[] {
  return [...new Map(places.map(place => [partitionKey(place), place])).values()]
}

/** Bytes of key and value: what limits on buffers count. */
export function sizeOf(record: NewRecord): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0)
}
