/** Whether a write failed because the disk is full, by the codes of the system and of LMDB. */

/** No space left, file too large, quota exceeded; and LMDB's own code for a full map. */
const FULL: ReadonlySet<unknown> = new Set([28, 27, 122, -30_792, 'ENOSPC', 'EFBIG', 'EDQUOT'])
/** What LMDB reports for a write that found room for a part of it. */
const SHORT_WRITE = 5
/** With less than this free, a short write is a full disk and not a broken one. */
const FREE_BYTES_MIN = 1_048_576

/**
 * Whether the error of a write means a full disk. `freeBytes` is read only for a short write, which a broken disk reports
 * as well.
 */
export function isDiskFull(error: unknown, freeBytes: () => number): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return FULL.has(code) || (code === SHORT_WRITE && freeBytes() < FREE_BYTES_MIN)
}
