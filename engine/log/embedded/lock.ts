/** The lock that keeps a second process, or a second opener in this one, away from a log's folder. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { folderFailure } from '#engine/disk/folder.ts'

/** Every log has it: made before anything else of a log. */
export const LOCK_FILE = 'lock.db'

/**
 * The lock is the kernel's lock on a file, which SQLite takes for us: Node itself offers none. The kernel releases it when
 * the process ends in any way. So no stale lock must be guessed from a process id, which containers use again at once.
 * The process id is written beside the lock only to be shown.
 */
export class FolderLock {
  readonly #database: DatabaseSync

  constructor(path: string) {
    const ownerFile = join(path, 'owner.pid')
    this.#database = new DatabaseSync(join(path, LOCK_FILE))
    try {
      this.#database.exec('BEGIN IMMEDIATE')
    } catch (error) {
      this.#database.close()
      if (reasonOf(error).includes('locked'))
        throw new CaudalError('LOG_IN_USE', { path, pid: ownerOf(ownerFile) }, error)
      throw unusable(path, error)
    }
    try {
      writeFileSync(ownerFile, `${process.pid}`)
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  release(): void {
    this.#database.close()
  }
}

function unusable(path: string, error: unknown): CaudalError {
  const failure = folderFailure(path, error)
  if (failure instanceof CaudalError) return failure
  return new CaudalError('LOG_CORRUPT', { path, reason: `its lock: ${reasonOf(error)}` }, error)
}

function ownerOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return 'unknown' // The owner holds the lock already, but has not written its id yet.
  }
}
