/** The file of keys of the gateway: read by gateways, and changed by commands, one at a time. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { type Key, type KeySource, keysIn, keysText } from '#gateway/keys.ts'

/** A Secret of Kubernetes is a link that is led elsewhere: the file behind it has another number then. */
export const keySource = (path: string): KeySource => ({
  name: path,
  stamp: async () => {
    const { mtimeMs, size, ino, dev } = await stat(path)
    return [mtimeMs, size, ino, dev].join(' ')
  },
  text: () => readFile(path, 'utf8'),
})

/** The keys of the file; none where it is not there. Throws REJECTED where it has faults. */
export function readKeys(path: string): readonly Key[] {
  const keys = keysIn(textOf(path))
  if ('faults' in keys) throw rejected(path, keys.faults.join('; '))
  return keys
}

/**
 * Puts what `change` returns in the place of the keys, whole or not at all. The new file stands beside the old one until
 * then, and keeps a second command out meanwhile. Only its owner can read it.
 */
export function changeKeys(path: string, change: (keys: readonly Key[]) => readonly Key[]): void {
  const fresh = `${path}.new`
  const file = opened(fresh)
  try {
    const keys = change(readKeys(path))
    writeSync(file, keysText(keys))
    fsyncSync(file)
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    const remedy = isThere
      ? 'another caudal key changes the keys; remove the file where none is running'
      : reasonOf(error)
    throw rejected(path, remedy, error)
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw rejected(path, reasonOf(error), error)
  }
}

const rejected = (path: string, reason: string, cause?: unknown): CaudalError =>
  new CaudalError('REJECTED', { reason: `${path}: ${reason}` }, cause)
