/** What the process that holds a log and one that looks at it say to each other, and where they meet. */
import { join, relative } from 'node:path'
import type { ErrorCode, ErrorDetails, Refusal } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import type { PartitionBatch, TopicSpec } from '#engine/log/log.ts'

/** Raised with every change of what is said: two versions that differ refuse each other in words. */
export const PROTOCOL = 2

/** The first message on a connection, from the holder. */
export interface Welcome {
  readonly protocol: number
  readonly pid: number
  readonly recordBytesMax: number
}

/** The calls of the Log port that are forwarded. The side that opens a reader, or starts a producer, gives it its number. */
export type Call =
  | { readonly name: 'createTopics'; readonly topics: readonly TopicSpec[] }
  | { readonly name: 'describeTopics'; readonly names: readonly string[] | undefined }
  | { readonly name: 'growTopic'; readonly topic: string; readonly partitions: number }
  | { readonly name: 'bounds'; readonly places: readonly TopicPartition[] }
  | { readonly name: 'append'; readonly batches: readonly PartitionBatch[] }
  | { readonly name: 'trim'; readonly place: TopicPartition; readonly beforeOffset: number }
  | { readonly name: 'groupPositions'; readonly group: string; readonly places: readonly TopicPartition[] }
  | {
      readonly name: 'openReader'
      readonly reader: number
      readonly place: TopicPartition
      readonly offset: number
      readonly topicId: string | undefined
    }
  | { readonly name: 'next'; readonly reader: number; readonly recordsMax: number }
  | { readonly name: 'closeReader'; readonly reader: number }
  | {
      readonly name: 'startProducer'
      readonly producer: number
      readonly transactionalId: string
      readonly writes: readonly TopicPartition[] | undefined
    }
  | { readonly name: 'transact'; readonly producer: number; readonly batches: readonly PartitionBatch[] }
  | { readonly name: 'closeProducer'; readonly producer: number }

export interface Request {
  readonly id: number
  readonly call: Call
}

/** An error of the catalogue, as a message. */
export interface Told {
  readonly code: ErrorCode
  readonly details: ErrorDetails
}

export interface Failure extends Told {
  readonly id: number
  /** What the log refuses of a transaction, if that is why it failed. */
  readonly refusals?: readonly (Told & Pick<Refusal, 'batch' | 'record'>)[]
}

export interface Success {
  readonly id: number
  /** What the call returns: the caller knows its type. */
  readonly value: never
}

export type Answer = Success | Failure

/** What the kernel takes as the path of a socket, on the systems that take least, without the zero at its end. */
const PATH_BYTES_MAX = 103

/** The socket of the log in the folder; from the working directory where the whole path would be too long for the kernel. */
export function socketPath(folder: string): string {
  const path = join(folder, 'socket')
  const shorter = relative('', path)
  return Buffer.byteLength(path) <= PATH_BYTES_MAX || shorter.length >= path.length ? path : shorter
}
