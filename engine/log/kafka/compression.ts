/** Compressing record batches. Written with what Node has built in; batches of other codecs are reported, not guessed at. */
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { CaudalError, reasonOf } from '#engine/core/errors.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** The codec's number in the attributes of a batch. */
export const CODEC: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, zstd: 4 }
const NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export function compress(codec: Compression, bytes: Uint8Array): Uint8Array {
  if (codec === 'gzip') return gzipSync(bytes, { level: constants.Z_BEST_SPEED })
  return codec === 'zstd' ? zstdCompressSync(bytes) : bytes
}

export function decompress(codec: number, bytes: Buffer): Buffer {
  if (codec === CODEC.none) return bytes
  try {
    if (codec === CODEC.gzip) return gunzipSync(bytes)
    if (codec === CODEC.zstd) return zstdDecompressSync(bytes)
  } catch (error) {
    throw unreadable(`a compressed batch is damaged: ${reasonOf(error)}`)
  }
  throw unreadable(
    `a batch is compressed with ${NAMES[codec] ?? `codec ${codec}`}; gzip, zstd or none can be read`,
  )
}

function unreadable(reason: string): CaudalError {
  return new CaudalError('LOG_CORRUPT', { path: 'Kafka', reason })
}
