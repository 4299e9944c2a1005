/** A data folder that another user can reach: a clone below a folder that root keeps to itself is closed to all others. */
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { User } from './process.ts'

const OPEN_TO_ALL = '/var/tmp'

/** `folder` itself where the user may pass through all folders above it; else one of its own, the same each time. */
export function reachableFolder(folder: string, user: User | undefined): string {
  if (!user || foldersAbove(folder).every(each => mayPass(each, user))) return folder
  const suffix = createHash('sha256').update(folder).digest('hex').slice(0, 12)
  return join(OPEN_TO_ALL, `caudal-${basename(folder)}-${suffix}`)
}

function foldersAbove(folder: string): readonly string[] {
  const above = dirname(folder)
  return above === folder ? [] : [above, ...foldersAbove(above)]
}

/** What does not exist yet is made by us, open to all. */
function mayPass(folder: string, { uid, gid }: User): boolean {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (!found) return true
  if (found.uid === uid) return (found.mode & 0o100) !== 0
  return (found.mode & (found.gid === gid ? 0o010 : 0o001)) !== 0
}
