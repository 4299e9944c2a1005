/**
 * What every writer with LMDB must know of its commits, as of lmdb-js 3.5.6. A page that finds no room costs more than the commit.
 * Then lmdb-js writes its message past the end of a buffer, which may end the process. So a commit begins only where the
 * disk, or the free part of the file, has room for it. The cause of a failure is in a promise of its own.
 */
import { statfsSync } from 'node:fs'

/** A page for the entry itself, and one of the tree above it. */
const PAGES_A_PUT = 2
const PAGE_BYTES = 4_096
/** For the tree, the list of free pages, and for what others write meanwhile. */
const MARGIN_BYTES = 1_048_576

/** `reusableBytes` is what the file has beyond what is in use. */
export function hasRoomFor(path: string, puts: number, bytes: number, reusableBytes: () => number): boolean {
  const wanted = MARGIN_BYTES + 2 * bytes + puts * PAGES_A_PUT * PAGE_BYTES
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize >= wanted || reusableBytes() >= wanted
}

/** Of a database or of the environment, by their names there; absent are those that it does not have. */
export function statisticsOf(database: { getStats(): object }): Readonly<Record<string, number>> {
  // LMDB's statistics come untyped; the fields that are read have been there since its first version.
  return database.getStats() as Readonly<Record<string, number>>
}

/** How many pages the entries of a database take. */
export function pagesOf(database: { getStats(): object }): number {
  const { treeBranchPageCount = 0, treeLeafPageCount = 0, overflowPages = 0 } = statisticsOf(database)
  return treeBranchPageCount + treeLeafPageCount + overflowPages
}

/** LMDB's write thread tells the cause in a promise of its own, a moment after the failure. */
export async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    return await error.commitError
  } catch (cause) {
    return cause
  }
}
