/** The store on disk: the contract, and what it does with copies that cannot be used. */
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lmdbStores, OUT_OF_TOUCH_MAX_MS, type StoreDiagnosis } from '#engine/state/lmdb-store.ts'
import type { CopyOf } from '#engine/state/store.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { describeStore } from '../../../conformance/store.ts'

const TASK = { application: 'app', stage: 'count words/é', partition: 0, topicId: 'topic-1' }
const temporary = () => mkdtempSync(join(tmpdir(), 'caudal-state-'))
const fixtureWith = (options: { gatheredBytesMax?: number }) => () => {
  const path = temporary()
  const factory = lmdbStores({ path, system: new VirtualTime(1).system, ...options })
  return { factory, close: async () => rmSync(path, { recursive: true }) }
}

describeStore('lmdb', fixtureWith({}), { durable: true })
describeStore('lmdb without room in memory', fixtureWith({ gatheredBytesMax: 1 }), { durable: true })
describeStore('lmdb that flushes all the time', fixtureWith({ gatheredBytesMax: 4_000 }), { durable: true })

let path: string
let time: VirtualTime
let told: StoreDiagnosis[]
beforeEach(() => {
  path = temporary()
  time = new VirtualTime(1)
  told = []
})
afterEach(() => rmSync(path, { recursive: true }))

const open = (of: CopyOf = TASK) =>
  lmdbStores({ path, system: time.system, diagnose: each => told.push(each) }).open(of)
const directory = (application = 'app') => join(path, application, 'count%20words%2F%C3%A9-0')
const data = () => join(directory(), 'data.mdb')

async function makeCopy(): Promise<void> {
  const store = await open()
  const value = Buffer.alloc(100, 1)
  store.apply(
    Array.from({ length: 5_000 }, (_, index) => [`vo/s/${index}`, value] as const),
    5_000,
  )
  await store.close()
}

/** Opens what was damaged: it must begin empty, say so, and be of use again. */
async function expectNew(reason: RegExp): Promise<void> {
  const store = await open()
  expect([store.position, store.size]).toEqual([undefined, 0])
  expect(told).toEqual([
    { event: 'discarded', task: 'count words/é/0', path: directory(), reason: expect.stringMatching(reason) },
  ])
  store.apply([['vo/s/new', Buffer.from('1')]], 1)
  await store.close()
  const again = await open()
  expect([again.position, again.size]).toEqual([1, 1])
  expect(told).toHaveLength(1)
  await again.close()
}

describe('a copy that cannot be read is discarded', () => {
  beforeEach(makeCopy)

  it('when it is not a file of LMDB', async () => {
    writeFileSync(data(), Buffer.alloc(100_000, 7))
    await expectNew(/not an LMDB file/)
  })

  it('when its beginning was overwritten with nothing', async () => {
    truncateSync(data(), 0)
    truncateSync(data(), 100_000)
    await expectNew(/not an LMDB file/)
  })

  it.each([40, 4_096, 100_000])('when it ends after %i bytes', async bytes => {
    truncateSync(data(), bytes)
    await expectNew(/truncated/)
  })

  it('when an earlier process died opening it', async () => {
    writeFileSync(join(directory(), 'suspect'), '')
    await expectNew(/before/)
  })

  it('a damaged page gives its reader an error, and the next open begins with an empty copy', async () => {
    const size = statSync(data()).size
    const file = openSync(data(), 'r+')
    writeSync(file, Buffer.alloc(size / 2, 9), 0, size / 2, 4 * 4_096)
    closeSync(file)
    const store = await open()
    const readAll = () => [...store.entries('v')]
    expect(readAll).toThrow(expect.objectContaining({ code: 'STORE_FAILED', action: 'releaseTask' }))
    await store.close()
    await expectNew(/before/)
  })
})

describe('a copy of something else is discarded', () => {
  beforeEach(makeCopy)

  it('when its state topic was deleted and made again', async () => {
    const store = await open({ ...TASK, topicId: 'topic-2' })
    expect([store.position, store.size]).toEqual([undefined, 0])
    expect(told.map(({ reason }) => reason)).toEqual([
      'it is a copy of the state topic with id topic-1, the topic now has id topic-2',
    ])
    await store.close()
  })

  it('when its folder was taken from another application', async () => {
    cpSync(directory(), directory('other'), { recursive: true })
    const store = await open({ ...TASK, application: 'other' })
    expect([store.position, store.size]).toEqual([undefined, 0])
    expect(told.map(({ reason }) => reason)).toEqual([
      'it is a copy of task count words/é/0 of application app',
    ])
    await store.close()
  })

  it('when an earlier version stored no word of what it is a copy of', async () => {
    const stored = readFileSync(data(), 'latin1')
    expect(stored).toContain('"of":')
    writeFileSync(data(), stored.replaceAll('"of":', '"--":'), 'latin1')
    await expectNew(/does not say what it is a copy of/)
  })

  it('a copy of something else is discarded and leaves the copy of an application beside it alone', async () => {
    const other = await open({ ...TASK, application: 'other' })
    const own = await open()
    expect([other.position, own.position, told]).toEqual([undefined, 5_000, []])
    await other.close()
    await own.close()
  })
})

describe('a copy out of touch', () => {
  it('a copy out of touch is kept up to the limit', async () => {
    await makeCopy()
    await time.runFor(OUT_OF_TOUCH_MAX_MS)
    const store = await open()
    expect([store.position, told]).toEqual([5_000, []])
    await store.close()
  })

  it('a copy out of touch is discarded beyond it: deletions that it has not seen may be forgotten by now', async () => {
    await makeCopy()
    await time.runFor(OUT_OF_TOUCH_MAX_MS + 1)
    await expectNew(/last in touch/)
  })

  it('a copy out of touch counts from when it was closed, not from the last write', async () => {
    const store = await open()
    store.apply([['va', Buffer.from('1')]], 1)
    await store.flush()
    await time.runFor(OUT_OF_TOUCH_MAX_MS + 1)
    await store.close()
    const again = await open()
    expect([again.position, told]).toEqual([1, []])
    await again.close()
  })
})

describe('one copy, two owners', () => {
  it('the earlier one can write no more, and says so', async () => {
    const earlier = await open()
    earlier.apply([['va', Buffer.from('earlier')]], 1)
    await earlier.flush()
    const later = await open()
    later.apply([['va', Buffer.from('later')]], 2)
    await later.flush()
    earlier.apply([['va', Buffer.from('too late')]], 3)
    await expect(earlier.flush()).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(told).toEqual([
      expect.objectContaining({ event: 'flushFailed', reason: expect.stringMatching(/another/) }),
    ])
    expect(Buffer.from(later.get('va') ?? []).toString()).toBe('later')
    await later.close()
    await earlier.close()
  })
})

it('leaves nothing behind on disk when discarded', async () => {
  await makeCopy()
  const store = await open()
  await store.discard()
  expect(existsSync(directory())).toBe(false)
})
