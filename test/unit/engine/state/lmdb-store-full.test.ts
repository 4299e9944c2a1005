/** An LMDB store on a disk without room loses nothing, logs that once, and goes on when there is room. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { lmdbStores, type StoreDiagnosis } from '#engine/state/lmdb-store.ts'

const WRITER = fileURLToPath(new URL('full-copies.ts', import.meta.url))
const TASK = { application: 'app', topicId: 'topic-1', stage: 'count', partition: 0 }

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'caudal-full-'))
})
afterEach(() => rmSync(path, { recursive: true }))

/** Runs the writer with files of at most so many blocks, of 512 or 1,024 bytes: they end as on a full disk. */
async function limited(blocks: number, what: 'fill' | 'open') {
  const command = `ulimit -S -f ${blocks} && exec "$0" "$@"`
  const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, WRITER, what, path])
  return JSON.parse(stdout)
}

it('keeps in memory what does not fit, says so once, and writes it when there is room', async () => {
  const found = await limited(1_000, 'fill')
  expect(found.fullAt).toBeGreaterThan(20)
  expect(found.failures).toHaveLength(6)
  expect(found.told).toEqual([
    expect.objectContaining({ event: 'flushFailed', task: 'count/0', path: join(path, 'app', 'count-0') }),
  ])
  const whenFull = { size: 2 * (found.fullAt + 5), position: found.fullAt + 5, wrong: [] }
  expect(found.whenFull).toEqual(whenFull)
  const all = { size: whenFull.size + 2, position: whenFull.position + 1, wrong: [] }
  expect([found.went, found.afterwards, found.reopened]).toEqual([true, all, all])
})

it('is not opened where LMDB has no room to begin, and what it holds stays', async () => {
  const told: StoreDiagnosis[] = []
  const stores = lmdbStores({ path, system: realSystem, diagnose: each => told.push(each) })
  const store = await stores.open(TASK)
  store.apply([['vo/s/a', Buffer.from('1')]], 7)
  await store.close()
  const { failures, told: toldThere, opened } = await limited(16, 'open')
  expect([opened, toldThere]).toEqual([false, []])
  expect(failures).toEqual([expect.stringMatching(/STORE_FAILED.*count-0.*disk is full.*make room/)])
  const again = await stores.open(TASK)
  expect([again.position, again.size, told]).toEqual([7, 1, []])
  await again.close()
})
