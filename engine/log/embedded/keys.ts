/**
 * Keys of the embedded log's one ordered map. A kind byte separates the areas. Numbers are big-endian and of fixed width:
 * the batches of a partition lie next to each other in the order of their offsets.
 */

const KIND = { log: 1, topic: 2, partition: 3, batch: 4, group: 5 } as const

/** The single entry about the log as a whole. */
export const LOG_KEY = Buffer.from([KIND.log])
/** What tells this log from any other. */
export const IDENTITY_KEY = Buffer.from([KIND.log, 1])

export const topicKey = (name: string) => named(KIND.topic, name)
export const groupKey = (name: string) => named(KIND.group, name)
/** All topics, and all groups, as ranges of keys. */
export const TOPIC_KEYS = { start: Buffer.from([KIND.topic]), end: Buffer.from([KIND.topic + 1]) }
export const GROUP_KEYS = { start: Buffer.from([KIND.group]), end: Buffer.from([KIND.group + 1]) }

export function partitionEntryKey(topicId: number, partition: number): Buffer {
  return place(KIND.partition, topicId, partition, 9)
}

/** The largest offset that fits a key. */
export const OFFSET_MAX = 2 ** 48 - 1

/** The batch whose first offset is `offset`. */
export function batchKey(topicId: number, partition: number, offset: number): Buffer {
  const key = place(KIND.batch, topicId, partition, 15)
  key.writeUIntBE(offset, 9, 6)
  return key
}

/** The first offset of the batch that is stored at this key. */
export function baseOf(key: Buffer): number {
  return key.readUIntBE(9, 6)
}

/** The name that a topic's or a group's key was made from. */
export function nameOf(key: Buffer): string {
  return key.toString('utf8', 1)
}

function named(kind: number, name: string): Buffer {
  return Buffer.concat([Buffer.from([kind]), Buffer.from(name)])
}

function place(kind: number, topicId: number, partition: number, bytes: number): Buffer {
  const key = Buffer.allocUnsafe(bytes)
  key.writeUInt8(kind, 0)
  key.writeUInt32BE(topicId, 1)
  key.writeUInt32BE(partition, 5)
  return key
}
