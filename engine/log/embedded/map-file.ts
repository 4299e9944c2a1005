/** Looks at LMDB's file before LMDB does: given a file that is not its own, it ends the process instead of failing. */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs'
import { CaudalError } from '#core/errors.ts'

/*
 * The first two pages each begin with a header of 24 bytes and a meta block. The newer of the two blocks counts. A block is
 * - magic (4), version (4), address (8), map size (8), page size (4), ...
 * - at 120 the last page in use (8), at 128 the transaction (8)
 */
const META_AT = 24
const META_BYTES = 136
const MAGIC = 0xbeefc0de
const PAGE_SIZES: readonly number[] = [4_096, 8_192, 16_384, 32_768, 65_536]

/**
 * Throws LOG_CORRUPT when the file has content that is not a map. A file that lost its end with a loss of power gets empty
 * pages instead. LMDB reports an empty page when it meets one; reading beyond the end of a mapped file would kill the
 * process. A missing or empty file is left to LMDB to begin.
 */
export function checkMapFile(file: string, path: string): void {
  const descriptor = openSync(file, 'a+')
  try {
    const sizeBytes = fstatSync(descriptor).size
    if (sizeBytes === 0) return
    const wantedBytes = mappedBytes(descriptor)
    if (wantedBytes === undefined)
      throw new CaudalError('LOG_CORRUPT', { path, reason: `${file} is not a map, or its head is damaged` })
    if (sizeBytes < wantedBytes) ftruncateSync(descriptor, wantedBytes)
  } finally {
    closeSync(descriptor)
  }
}

/** How long the file is by its own account; `undefined` when its head is not that of a map. */
function mappedBytes(descriptor: number): number | undefined {
  const first = readMeta(descriptor, 0)
  if (!first || !PAGE_SIZES.includes(first.pageBytes)) return undefined
  const second = readMeta(descriptor, first.pageBytes)
  if (!second) return undefined
  const { lastPage } = second.transaction > first.transaction ? second : first
  return (lastPage + 1) * first.pageBytes
}

function readMeta(descriptor: number, pageAt: number) {
  const bytes = Buffer.alloc(META_BYTES)
  const read = readSync(descriptor, bytes, 0, META_BYTES, pageAt + META_AT)
  if (read < META_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  return {
    pageBytes: bytes.readUInt32LE(24),
    lastPage: Number(bytes.readBigUInt64LE(120)),
    transaction: bytes.readBigUInt64LE(128),
  }
}
