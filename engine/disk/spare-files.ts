/** Whether this process may open more files. LMDB ends the process where it gets none (seen with lmdb 3.5.6). */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

/** An environment takes three, and others may take some in the meantime. */
const SPARE_FILES = 6

/** What is to be said where too few files are left for an environment of LMDB; nothing where there are enough. */
export function spareFilesFault(): string | undefined {
  const files: number[] = []
  try {
    while (files.length < SPARE_FILES) files.push(openSync(devNull, 'r'))
    return undefined
  } catch {
    return 'this process has as many files open as it may: raise its limit (ulimit -n)'
  } finally {
    for (const file of files) closeSync(file)
  }
}
