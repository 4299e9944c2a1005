/** Folders on this machine: made with an end in sight, and with one error for all that keeps a process from using them. */
import { mkdirSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isDiskFull } from '#core/disk-full.ts'
import { CaudalError, codeOf, reasonOf } from '#core/errors.ts'

/** What the system answers where a path cannot be used as it is, by its names and, from LMDB, its numbers. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOENT', 'ELOOP', 'ENAMETOOLONG', 'ENODEV'],
  ...['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ERR_INVALID_ARG_VALUE'],
  ...[13, 1, 30, 20, 21, 17, 2, 40, 36, 19, 22, 95],
])
/** Result codes of SQLite: no permission, read-only, cannot be opened. */
const SQLITE_REFUSALS: ReadonlySet<unknown> = new Set([3, 8, 14])
const SQLITE_FULL = 13

/**
 * Makes the folder and those above it, each tried once. `mkdirSync` of Node with `recursive` never ends on /proc. That file
 * system answers "no such file" for a new folder inside of one that is there.
 */
export function makeFolder(path: string): void {
  const above = dirname(resolve(path))
  if (above !== resolve(path) && !isThere(above)) makeFolder(above)
  try {
    mkdirSync(path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}

/** Whether something has this name. Throws where the system does not say. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** FOLDER_REFUSED or LOG_FULL where the system would not let a path be used; else the error itself. */
export function folderFailure(path: string, error: unknown): unknown {
  if (error instanceof CaudalError) return error
  const isFull = isDiskFull(error, () => freeBytesAt(path)) || sqliteCodeOf(error) === SQLITE_FULL
  if (isFull) return new CaudalError('LOG_FULL', { path }, error)
  return isRefusal(error)
    ? new CaudalError('FOLDER_REFUSED', { path, reason: reasonOf(error) }, error)
    : error
}

function isRefusal(error: unknown): boolean {
  const isKnown = error instanceof Error && 'code' in error && REFUSALS.has(error.code)
  return isKnown || SQLITE_REFUSALS.has(sqliteCodeOf(error))
}

const sqliteCodeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined

function freeBytesAt(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY // What cannot be looked at is not known to be full.
  }
}
