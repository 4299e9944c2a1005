/** Whether a write failed for want of room, by what the system and LMDB call that. */

/** No space left, file too large, quota exceeded; and LMDB's own map, were it ever to end. */
const FULL: ReadonlySet<unknown> = new Set([28, 27, 122, -30_792, 'ENOSPC', 'EFBIG', 'EDQUOT'])
/** What LMDB reports for a write that found room for a part of it. */
const SHORT_WRITE = 5
/** With less than this free, a short write is a full disk and not a broken one. */
const FREE_BYTES_MIN = 1_048_576

export function isDiskFull(error: unknown, freeBytes: () => number): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return FULL.has(code) || (code === SHORT_WRITE && freeBytes() < FREE_BYTES_MIN)
}
