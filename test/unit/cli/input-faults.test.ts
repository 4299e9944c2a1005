/** Inputs that fail or change under way: what was fed of them is said, and nothing is fed that was not checked. */
import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openEvents } from '#cli/events/events.ts'
import { feed } from '#cli/events/feed.ts'
import type { InputEvent } from '#cli/events/input-event.ts'
import { asText } from '#core/codec.ts'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { dataFolder, withLog } from './data-folder.ts'

const system = realSystem
const countIn = async (log: Log): Promise<number> => {
  let found = 0
  await readAll(log, 'datos_crudos', () => found++)
  return found
}
const titlesOf = async (events: AsyncIterable<InputEvent>): Promise<readonly string[]> => {
  const found: string[] = []
  for await (const { value } of events) found.push(JSON.parse(asText(value)).title)
  return found
}

describe('a stream with a fault behind good events', () => {
  const EVENTS = 3_000
  const numbers = Array.from({ length: EVENTS }, (_, index) => index)
  const good = numbers.map(each => Buffer.from(`{"title":"${each}"}\n`))
  const rows = [
    Buffer.from('id,title\n'),
    ...numbers.map(each => Buffer.from(`${each},${'a'.repeat(500)}\n`)),
  ]
  const latin = Buffer.from('{"title":"r\u00edo"}\n', 'latin1')
  const passedOver = 'correct it and feed it again, those events are passed over'
  const onlyTheRest = 'correct it, and feed only what follows them'

  it.each<[string, readonly Buffer[], boolean, string | undefined, string]>([
    ['lines in another encoding, with --once', [...good, latin], false, 'file', passedOver],
    ['lines in another encoding', [...good, latin], false, undefined, onlyTheRest],
    ['a table in another encoding', [...rows, latin], true, 'file', passedOver],
    ['a row too long', [...rows, Buffer.from('1,2,3\n')], true, 'file', passedOver],
  ])('is fed up to the fault, which says so: %s', async (_, chunks, csv, once, remedy) => {
    await withLog(dataFolder(), async log => {
      const { events } = await openEvents('-', Readable.from(chunks), csv)
      const fed = feed({ log, system, events, ...(once !== undefined && { once }) })
      const { message } = await fed.catch(error => error)
      const count = await countIn(log)
      expect(count).toBeGreaterThan(EVENTS / 2)
      expect(message).toContain(`; ${count.toLocaleString('en')} events before the fault were fed: ${remedy}`)
      expect(message).not.toContain('nothing of it was fed')
    })
  })

  it('says that nothing was fed where its first event has the fault', async () => {
    await withLog(dataFolder(), async log => {
      const { events } = await openEvents('-', Readable.from([gzipSync(Buffer.concat(good)).subarray(0, 40)]))
      await expect(feed({ log, system, events })).rejects.toThrow(
        /is no whole gzip file.*; nothing of it was fed/,
      )
    })
  })
})

describe('a file that changes between its check and its feeding', () => {
  const text = (title: string) => `{"title":"${title}"}\n`
  async function changed(change: (path: string) => void) {
    const path = join(dataFolder(), 'a.ndjson')
    writeFileSync(path, text('one') + text('two'))
    const { events } = await openEvents(path, Readable.from([]))
    change(path)
    return titlesOf(events)
  }

  it.each<[string, (path: string) => void]>([
    ['removed', path => rmSync(path)],
    [
      'replaced by another',
      path => {
        writeFileSync(`${path}.new`, text('other'))
        renameSync(`${path}.new`, path)
      },
    ],
  ])('is fed as it was checked where it is %s', async (_, change) => {
    expect(await changed(change)).toEqual(['one', 'two'])
  })

  it.each<[string, (path: string) => void]>([
    ['cut', path => truncateSync(path, 16)],
    ['emptied', path => truncateSync(path)],
    ['written again', path => writeFileSync(path, text('six') + text('ten'))],
    ['written again and longer', path => writeFileSync(path, text('three') + text('fourteen'))],
  ])('is refused where it is %s', async (_, change) => {
    await expect(changed(change)).rejects.toThrow(
      /a\.ndjson has changed since it was checked; nothing of it was fed/,
    )
  })

  it.each<[string, (path: string, bytes: number) => void]>([
    ['cut', (path, bytes) => truncateSync(path, bytes - 100)],
    ['written again', (path, bytes) => writeFileSync(path, ' '.repeat(bytes))],
  ])('is fed up to the change where it is %s while it is fed', async (_, change) => {
    const path = join(dataFolder(), 'a.ndjson')
    const written = text('x'.repeat(1_000)).repeat(2_000)
    writeFileSync(path, written)
    await withLog(dataFolder(), async log => {
      const { events } = await openEvents(path, Readable.from([]))
      const onProgress = () => change(path, written.length)
      await expect(feed({ log, system, events, once: 'a', onProgress })).rejects.toThrow(
        /a\.ndjson has changed since it was checked; 1,\d+ events before the fault were fed/,
      )
      expect(await countIn(log)).toBeGreaterThan(1_000)
    })
  })
})

describe('an input that cannot be read to its end', () => {
  it('is named with the reason where it is a file', async () => {
    await expect(openEvents('/proc/self/mem', Readable.from([]))).rejects.toMatchObject({
      code: 'REJECTED',
      message: expect.stringMatching(/\/proc\/self\/mem cannot be read: EIO.*; nothing of it was fed/),
    })
  })

  it('is named with the reason where it is the standard input', async () => {
    const stdin = new Readable({ read: () => stdin.destroy(new Error('EISDIR: a folder')) })
    const { events } = await openEvents('-', stdin)
    await expect(titlesOf(events)).rejects.toThrow('standard input cannot be read: EISDIR: a folder')
  })
})
