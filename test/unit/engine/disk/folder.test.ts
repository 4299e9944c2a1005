/** Folders that can be made, and the one error for those that cannot. */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { folderFailure, makeFolder } from '#engine/disk/folder.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-folder-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('a folder is made with all above it, and may be there already', () => {
  const path = join(ownFolder(), 'a/b/c')
  makeFolder(path)
  makeFolder(path)
  expect(statSync(path).isDirectory()).toBe(true)
})

const thrownBy = (use: () => unknown): unknown => {
  try {
    return use()
  } catch (error) {
    return error
  }
}

test('a folder in which no folder can be made is refused, and not tried for ever', () => {
  const path = '/proc/self/caudal/log'
  const error = thrownBy(() => makeFolder(path))
  expect(folderFailure(path, error)).toMatchObject({ code: 'FOLDER_REFUSED', details: { path } })
})

test('an error that says nothing about the folder stays what it is', () => {
  const error = new TypeError('a mistake')
  expect(folderFailure('data', error)).toBe(error)
})

test.each([
  ['a file where the folder should be', (path: string) => writeFileSync(path, '')],
  [
    'a folder where the lock should be',
    (path: string) => mkdirSync(join(path, 'lock.db'), { recursive: true }),
  ],
  [
    'a folder where its records should be',
    (path: string) => mkdirSync(join(path, 'records/data.mdb'), { recursive: true }),
  ],
  [
    'a folder where its owner writes its id',
    (path: string) => mkdirSync(join(path, 'owner.pid'), { recursive: true }),
  ],
])('a log is refused in one sentence for %s, and leaves no lock behind', async (_, spoil) => {
  const path = join(ownFolder(), 'log')
  spoil(path)
  const opened = () => openEmbeddedLog({ path })
  await expect(opened()).rejects.toMatchObject({ code: 'FOLDER_REFUSED', details: { path } })
  rmSync(path, { recursive: true })
  const log = await opened()
  await log.close()
})

test('a lock that is no lock file is damage, and no matter of rights', async () => {
  const path = ownFolder()
  writeFileSync(join(path, 'lock.db'), 'x'.repeat(10_000))
  await expect(openEmbeddedLog({ path })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
})
