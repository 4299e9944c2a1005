/** What the embedded log does when it is open elsewhere, full, damaged or from another version. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { LOG_KEY } from '#engine/log/embedded/keys.ts'
import { Store } from '#engine/log/embedded/store.ts'
import { everything, keyed, opened, temporaryFolder } from './opening.ts'

const TOPIC = { name: 'topic', partitions: 2, compacted: false, retentionMs: undefined }
const PLACE = { topic: 'topic', partition: 0 }
const OTHER = { topic: 'topic', partition: 1 }

const run = promisify(execFile)

async function failure(promise: Promise<unknown>): Promise<CaudalError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CaudalError) return error
    throw error
  }
  return expect.unreachable('it did not fail')
}

describe('a log that is open', () => {
  it('a log that is open cannot be opened twice in one process, and can once it is closed', async () => {
    const path = temporaryFolder()
    const first = await opened({ path })
    const refused = await failure(opened({ path }))
    expect(refused.code).toBe('LOG_IN_USE')
    expect(refused.details).toEqual({ path, pid: `${process.pid}` })
    await first.close()
    await opened({ path })
  })

  it('a log that is open cannot be opened by a second process, until the first is killed', async () => {
    const path = temporaryFolder()
    const writer = join(import.meta.dirname, 'crash-writer.ts')
    const child = spawn(process.execPath, [writer, path, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    child.stdout.resume()
    const refused = await failure(opened({ path }))
    expect(refused.code).toBe('LOG_IN_USE')
    expect(refused.details.pid).toBe(`${child.pid}`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await opened({ path })
  })
})

describe.each(['interval', 'always'] as const)('a log that is full (fsync: %s)', fsync => {
  const large = { ...keyed(null, 'x'.repeat(50_000)), timestamp: 1 }

  it('refuses what does not fit, whole, and goes on once there is room', async () => {
    const path = temporaryFolder()
    const log = await opened({ path, fsync, sizeBytesMax: 1_000_000 })
    await log.createTopics([TOPIC])
    const producer = await log.startProducer('producer')
    let stored = 0
    const fill = async () => {
      for (;;) {
        await producer.transact([
          { ...PLACE, records: [large] },
          { ...OTHER, records: [large] },
        ])
        stored++
      }
    }
    const refused = await failure(fill())
    expect(refused.code).toBe('LOG_FULL')
    expect(refused.details.path).toBe(path)
    expect(stored).toBeGreaterThan(5)
    expect((await everything(log, 'topic', 0)).length).toBe(stored)
    expect((await everything(log, 'topic', 1)).length).toBe(stored)

    const [bounds = { start: 0, end: 0 }] = await log.bounds([PLACE])
    await log.trim(PLACE, bounds.end)
    // A producer that has failed stays so: nothing may follow upon a transaction that was lost.
    expect((await failure(producer.transact([{ ...PLACE, records: [large] }]))).code).toBe('COMMIT_ABORTED')
    const next = await log.startProducer('producer')
    await next.transact([
      { ...PLACE, records: [large] },
      { ...OTHER, records: [large] },
    ])
    expect((await everything(log, 'topic', 0)).length).toBe(1)
    expect((await everything(log, 'topic', 1)).length).toBe(stored + 1)
  })

  it('loses nothing when the file cannot grow, shows nothing by half, and goes on once there is room', async () => {
    const writer = join(import.meta.dirname, 'full-writer.ts')
    // A limit on the size of files, in blocks of 512 or 1,024 bytes, ends writes half way as a full disk does.
    const limited = [
      '-c',
      'ulimit -f 4000 && exec "$0" "$@"',
      process.execPath,
      writer,
      temporaryFolder(),
      fsync,
    ]
    const { stdout } = await run('sh', limited)
    const told = JSON.parse(stdout)
    // A write cut in two looks like a broken disk where the file system still has room, as it has here.
    for (const code of told.failures) expect(code).toMatch(/^(LOG_FULL|OUTCOME_UNKNOWN)$/)
    expect(told.acknowledged).toBeGreaterThan(20)
    expect(told.whenFull).toEqual([told.acknowledged, told.acknowledged])
    expect(told.afterTrim).toEqual([1, told.acknowledged + 1])
    expect(told.reopened).toEqual(told.afterTrim)
  })

  it('still fences and is read', async () => {
    const log = await opened({ fsync, sizeBytesMax: 1 })
    await log.createTopics([TOPIC])
    expect((await failure(log.append([{ ...PLACE, records: [keyed('a', 'b')] }]))).code).toBe('LOG_FULL')
    await log.startProducer('producer')
    await log.fence('producer')
    expect(await log.bounds([PLACE])).toEqual([{ start: 0, end: 0 }])
  })
})

describe('a log that is damaged', () => {
  /** Fills a log, closes it, changes its file and gives its folder back. */
  async function spoiled(change: (bytes: Buffer) => Buffer): Promise<string> {
    const path = temporaryFolder()
    const log = await opened({ path })
    await log.createTopics([TOPIC])
    for (let turn = 0; turn < 50; turn++)
      await log.append([{ ...PLACE, records: [keyed('a', 'x'.repeat(900))] }])
    await log.close()
    const file = join(path, 'records', 'data.mdb')
    writeFileSync(file, change(readFileSync(file)))
    return path
  }

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['something else', bytes => bytes.fill('not a map')],
    ['empty pages', bytes => bytes.fill(0)],
    ['cut off within its head', bytes => bytes.subarray(0, 100)],
    ['damaged in its second head', bytes => bytes.fill(0, 4_096, 8_192)],
  ])('a log that is damaged is refused when its file is %s', async (_, change) => {
    const path = await spoiled(change)
    const refused = await failure(opened({ path }))
    expect(refused.code).toBe('LOG_CORRUPT')
    expect(refused.details.path).toBe(path)
    // The lock was given back: the file can be replaced and opened.
    rmSync(join(path, 'records'), { recursive: true })
    await opened({ path })
  })

  it.each([2, 5, 10, 14])(
    'a log that is damaged fails with an error, not with the process, when it lost all but %i pages',
    async pages => {
      const path = await spoiled(bytes => bytes.subarray(0, pages * 4_096))
      const reading = async () => everything(await opened({ path }), 'topic')
      expect((await failure(reading())).code).toBe('LOG_CORRUPT')
    },
  )

  it('a log that is damaged tells a reader that meets a damaged batch, and gives it nothing of it', async () => {
    const path = temporaryFolder()
    const log = await opened({ path })
    await log.createTopics([TOPIC])
    await log.append([{ ...PLACE, records: [keyed('a', 'the value that gets damaged')] }])
    await log.append([{ ...PLACE, records: [keyed('a', 'whole')] }])
    await log.close()
    const file = join(path, 'records', 'data.mdb')
    const bytes = readFileSync(file)
    // The map may hold older copies of the page: all are damaged.
    for (let at = bytes.indexOf('damaged'); at >= 0; at = bytes.indexOf('damaged', at + 1)) bytes[at] = 0x44
    writeFileSync(file, bytes)
    const again = await opened({ path })
    const reader = again.openReader(PLACE, 0)
    expect((await failure(reader.next(10))).code).toBe('LOG_CORRUPT')
    expect((await again.openReader(PLACE, 1).next(10)).records.length).toBe(1)
  })

  it('a log that is damaged is refused when a newer version wrote it', async () => {
    const path = temporaryFolder()
    await (await opened({ path })).close()
    const store = new Store(path, 'interval', Number.MAX_SAFE_INTEGER)
    await store.commit([[LOG_KEY, Buffer.from('{"format":2,"openings":1}')]])
    await store.close()
    const refused = await failure(opened({ path }))
    expect(refused.code).toBe('LOG_CORRUPT')
    expect(refused.message).toContain('format 2')
  })
})
