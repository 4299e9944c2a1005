/** Compressing record batches. Written with what Node has built in; read are all codecs that producers of others may use. */
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { decompressFrameSync } from 'lz4-napi'
import { uncompressSync } from 'snappy'
import { CaudalError, reasonOf } from '#core/errors.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** The codec's number in the attributes of a batch. */
export const CODEC = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

const DECOMPRESS: ReadonlyMap<number, (bytes: Buffer) => Buffer> = new Map<number, (bytes: Buffer) => Buffer>(
  [
    [CODEC.none, bytes => bytes],
    [CODEC.gzip, bytes => gunzipSync(bytes)],
    [CODEC.snappy, unsnap],
    [CODEC.lz4, decompressFrameSync],
    [CODEC.zstd, bytes => zstdDecompressSync(bytes)],
  ],
)

export function compress(codec: Compression, bytes: Uint8Array): Uint8Array {
  if (codec === 'gzip') return gzipSync(bytes, { level: constants.Z_BEST_SPEED })
  return codec === 'zstd' ? zstdCompressSync(bytes) : bytes
}

export function decompress(codec: number, bytes: Buffer): Buffer {
  const read = DECOMPRESS.get(codec)
  if (!read) throw unreadable(`a batch is compressed with codec ${codec}, which is not known`)
  try {
    return read(bytes)
  } catch (error) {
    throw unreadable(`a compressed batch is damaged: ${reasonOf(error)}`)
  }
}

/** Java's producers frame what they compress (xerial's SnappyOutputStream): a head of 16 bytes, then blocks with their length. */
const FRAMED = Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0])
const FRAME_HEAD_BYTES = 16

function unsnap(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, FRAMED.length).equals(FRAMED)) return unsnapped(bytes)
  const blocks: Buffer[] = []
  for (let at = FRAME_HEAD_BYTES; at < bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at)
    blocks.push(unsnapped(bytes.subarray(at + 4, end)))
    at = end
  }
  return Buffer.concat(blocks)
}

function unsnapped(block: Buffer): Buffer {
  return Buffer.from(uncompressSync(block, { asBuffer: true }))
}

function unreadable(reason: string): CaudalError {
  return new CaudalError('LOG_CORRUPT', { path: 'Kafka', reason })
}
