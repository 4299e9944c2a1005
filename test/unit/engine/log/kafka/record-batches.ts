/** Makes record batches as brokers send them, for the tests of reading. */
import type { NewRecord } from '#core/record.ts'
import { ByteWriter } from '#engine/log/kafka/bytes.ts'
import type { Compression } from '#engine/log/kafka/compression.ts'
import { crc32c } from '#engine/log/kafka/crc32c.ts'
import { ATTRIBUTE, FIELD, writeBatch } from '#engine/log/kafka/record-batch.ts'

const TIME = 1_700_000_000_000

export interface BatchOptions {
  readonly producer?: number
  readonly offset: number
  readonly compression?: Compression
  readonly attributes?: number
  /** The offset after the last one that the batch covers, where compaction took its last records away. */
  readonly end?: number
}

export function newRecord(value: string, key: Uint8Array | null = null): NewRecord {
  return { key, value: Buffer.from(value), headers: {}, timestamp: TIME }
}

/** One batch at the offset, its checksum right. */
export function batchOf(records: readonly NewRecord[], options: BatchOptions): Buffer {
  const writer = new ByteWriter(64)
  const stamp = { producerId: BigInt(options.producer ?? 1), epoch: 0, sequence: 0 }
  writeBatch(writer, records, 0, records.length, stamp, options.compression ?? 'none')
  const bytes = Buffer.from(writer.written())
  bytes.writeBigInt64BE(BigInt(options.offset), 0)
  if (options.attributes !== undefined) bytes.writeInt16BE(options.attributes, FIELD.attributes)
  if (options.end !== undefined) bytes.writeInt32BE(options.end - options.offset - 1, FIELD.lastOffsetDelta)
  return sealed(bytes)
}

/** The marker that ends a producer's transaction. */
export function markerOf(kind: 'commit' | 'abort', producer: number, offset: number): Buffer {
  const key = Buffer.from([0, 0, 0, kind === 'commit' ? 1 : 0])
  const attributes = ATTRIBUTE.transactional | ATTRIBUTE.control
  return batchOf([{ key, value: Buffer.alloc(6), headers: {}, timestamp: TIME }], {
    producer,
    offset,
    attributes,
  })
}

export function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes, FIELD.attributes), FIELD.crc)
  return bytes
}
