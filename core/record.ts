/** The vocabulary of data in motion: what a log stores, what a source hands out, what a commit writes. */

/** Header name to raw bytes, exactly as stored; a name occurs once. Engine headers begin with `caudal-`. */
export type Headers = Readonly<Record<string, Uint8Array>>

/** One record as it is written: no place in the log yet. */
export interface NewRecord {
  readonly key: Uint8Array | null
  /** `null` is a tombstone: compaction removes the key. */
  readonly value: Uint8Array | null
  readonly headers: Headers
  /**
   * All headers as they were read, where `headers` cannot say it: of a name that occurs twice it has the last value, and
   * of one without a value an empty one. Written in their place where it is given.
   */
  readonly allHeaders?: readonly HeaderPair[] | undefined
  /** Event time, milliseconds since the epoch. */
  readonly timestamp: number
}

export type HeaderPair = readonly [name: string, value: Uint8Array | null]

/** One record as it is read. Offsets grow within a partition and may have gaps. */
export interface LogRecord extends NewRecord {
  readonly offset: number
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** The unit of ownership: one stage on one partition number. */
export interface TaskId {
  readonly stage: string
  readonly partition: number
}

export const NO_HEADERS: Headers = Object.freeze({})

/** Names of the headers that the engine itself writes. */
export const HEADER = {
  /** Identity of the record across hops and replays; absent means `topic/partition/offset`. */
  id: 'caudal-id',
  /** Identity of a replay, where its first header is that of an outsider. */
  replayOf: 'caudal-replay-of',
  /** JSON of a delayed record: due time, target topic, time of entry into the tier. */
  delay: 'caudal-delay',
} as const

export function taskKey(task: TaskId): string {
  return `${task.stage}/${task.partition}`
}

export function partitionKey(place: TopicPartition): string {
  return `${place.topic}/${place.partition}`
}

/** Bytes of key and value: what limits on buffers count. */
export function sizeOf(record: NewRecord): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0)
}
