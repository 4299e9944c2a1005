/** A log that another process holds keeps the contract of the port for everything that a reading process may do. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { type EmbeddedLog, openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { GroupOptions, Log, TopicSpec } from '#engine/log/log.ts'
import { connectLog, type LogServer, serveLog } from '#engine/log/socket/index.ts'
import { encodeMessage, messagesOf } from '#engine/log/socket/messages.ts'
import { batch, codeOf, failureOf, read, record, textOf } from './log/fixture.ts'
import { describeLog } from './log.ts'

let path: string
const makeFolder = () => {
  path = mkdtempSync(join(tmpdir(), 'caudal-socket-'))
}
const found = async (): Promise<Log> => {
  const log = await connectLog(path, realSystem)
  if (!log) throw new TypeError('nobody serves the log')
  return log
}

/** What a pod does is done by the holder itself; everything else goes over the socket. */
function lookedAt(behind: EmbeddedLog, log: Log): Log {
  return {
    recordBytesMax: log.recordBytesMax,
    createTopics: topics => log.createTopics(topics),
    describeTopics: names => log.describeTopics(names),
    growTopic: (name, partitions) => log.growTopic(name, partitions),
    bounds: places => log.bounds(places),
    append: batches => log.append(batches),
    trim: (place, offset) => log.trim(place, offset),
    openReader: (place, offset, topicId) => log.openReader(place, offset, topicId),
    groupPositions: (group, places) => log.groupPositions(group, places),
    startProducer: (id, writes) => log.startProducer(id, writes),
    fence: id => behind.fence(id),
    joinGroup: (options: GroupOptions) => behind.joinGroup(options),
    close: async () => {
      await log.close()
      await behind.close()
    },
  }
}

describeLog(
  'a log looked at through the process that holds it',
  async () => {
    makeFolder()
    const folder = path
    let now = 1_750_000_000_000
    const system = { ...realSystem, now: () => now }
    let behind: EmbeddedLog
    let server: LogServer
    let log: Log
    const open = async () => {
      behind = await openEmbeddedLog({ path: folder, system })
      server = await serveLog(behind, folder)
      log = lookedAt(behind, await found())
    }
    const close = async () => {
      await log.close()
      await server.close()
    }
    await open()
    return {
      get log() {
        return log
      },
      async reopen() {
        await close()
        await open()
        return log
      },
      async remake(spec: TopicSpec) {
        await close()
        rmSync(folder, { recursive: true })
        await open()
        await log.createTopics([spec])
        return log
      },
      async advance(durationMs: number) {
        now += durationMs
        await behind.compact()
      },
      compact: () => behind.compact(),
      async settle() {
        // What was asked before is answered before.
        if (!(await log.describeTopics(['none']))) throw new TypeError('it does not answer')
      },
      async close() {
        await close()
        rmSync(folder, { recursive: true })
      },
    }
  },
  { members: 'many' },
)

describe('the process that holds a log', () => {
  const place = { topic: 'words', partition: 0 }
  let behind: EmbeddedLog
  let server: LogServer
  beforeEach(async () => {
    makeFolder()
    behind = await openEmbeddedLog({ path })
    await behind.createTopics([{ name: 'words', partitions: 1, compacted: false, retentionMs: undefined }])
  })
  afterEach(async () => {
    await server?.close()
    await behind.close()
    rmSync(path, { recursive: true })
  })
  const serve = async () => {
    server = await serveLog(behind, path)
  }

  it('is not found where there is no socket, or where a killed process left the socket', async () => {
    expect(await connectLog(path, realSystem)).toBeUndefined()
    writeFileSync(join(path, 'socket'), '')
    expect(await connectLog(path, realSystem)).toBeUndefined()
    await serve()
    const log = await found()
    expect(await log.bounds([place])).toEqual([{ start: 0, end: 0 }])
    await log.close()
  })

  it('accepts only its own user, and leaves no socket behind', async () => {
    await serve()
    expect(statSync(join(path, 'socket')).mode & 0o777).toBe(0o600)
    await server.close()
    expect(() => statSync(join(path, 'socket'))).toThrow('ENOENT')
  })

  it('keeps pods away from the log, with the same error as an exclusive log', async () => {
    await serve()
    const log = await found()
    const failure = await failureOf(log.fence('p'))
    expect(failure).toMatchObject({ code: 'LOG_IN_USE', details: { path, pid: process.pid } })
    expect(() => log.joinGroup({} as GroupOptions)).toThrow(/LOG_IN_USE/)
    await log.close()
  })

  it('rejects calls that wait and later calls when it ends', async () => {
    await serve()
    const log = await found()
    const reader = log.openReader(place, 0)
    const waiting = codeOf(reader.next(1))
    await log.describeTopics()
    await server.close()
    expect(await waiting).toBe('LOG_HOLDER_ENDED')
    expect(await codeOf(reader.next(1))).toBe('LOG_HOLDER_ENDED')
    expect(await codeOf(log.describeTopics())).toBe('LOG_HOLDER_ENDED')
    expect(await behind.bounds([place])).toEqual([{ start: 0, end: 0 }])
  })

  it('reports its end when it closes the log under a reader', async () => {
    await serve()
    const log = await found()
    const waiting = codeOf(log.openReader(place, 0).next(1))
    await log.describeTopics()
    await behind.close()
    expect(await waiting).toBe('LOG_HOLDER_ENDED')
    await log.close()
  })

  it('serves several commands that look at the same time, and is not blocked by one that does not read', async () => {
    await serve()
    const large = Array.from({ length: 30 }, (_, index) => record(`${index}`, 'x'.repeat(500_000)))
    await behind.append([{ ...place, records: large }])
    const silent = connect(join(path, 'socket'))
    silent.pause()
    for (let id = 1; id <= 40; id++)
      silent.write(encodeMessage({ id, call: { name: 'openReader', reader: id, place, offset: 0 } }))
    for (let id = 41; id <= 80; id++)
      silent.write(encodeMessage({ id, call: { name: 'next', reader: id - 40, recordsMax: 1_000 } }))
    const logs = await Promise.all([found(), found()])
    for (const log of logs) expect((await read(log, place, 0, 30)).length).toBe(30)
    silent.destroy()
    for (const log of logs) await log.close()
  })

  it('ends a connection of another protocol, and continues with the others', async () => {
    await serve()
    const log = await found()
    const stranger = connect(join(path, 'socket'))
    const ended = new Promise(resolve => stranger.once('close', resolve))
    stranger.resume()
    stranger.write('GET / HTTP/1.1\r\n\r\n')
    await ended
    await log.append([batch(place, 'a')])
    expect((await read(log, place, 0, 1)).map(({ value }) => textOf(value))).toEqual(['a'])
    await log.close()
  })

  it('is refused with a message when it has another version, and is not waited for when it is silent', async () => {
    const listen = async (answer: Buffer) => {
      const other = createServer(socket => socket.end(answer))
      await new Promise<void>(resolve => other.listen(join(path, 'socket'), resolve))
      const code = await codeOf(connectLog(path, realSystem))
      await new Promise(resolve => other.close(resolve))
      return code
    }
    expect(await listen(encodeMessage({ protocol: 99, pid: 1, recordBytesMax: 1 }))).toBe('REJECTED')
    expect(await listen(Buffer.alloc(0))).toBe('LOG_UNAVAILABLE')
    const hasty = { ...realSystem, after: (_: number, then: () => void) => realSystem.after(0, then) }
    const mute = createServer(() => {})
    await new Promise<void>(resolve => mute.listen(join(path, 'socket'), resolve))
    expect(await codeOf(connectLog(path, hasty))).toBe('LOG_UNAVAILABLE')
    await new Promise(resolve => mute.close(resolve))
  })
})

describe('messages of the socket', () => {
  it('are the same, however their bytes are divided', async () => {
    const sent = [{ a: 1 }, { bytes: new Uint8Array([1, 2, 3]) }, 'x'.repeat(1_000), undefined, null]
    const bytes = Buffer.concat(sent.map(encodeMessage))
    for (const size of [1, 3, 7, 64, bytes.length]) {
      const pieces = async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
      }
      const received: unknown[] = []
      for await (const message of messagesOf<unknown>(pieces())) received.push(message)
      expect(received).toEqual(sent)
    }
  })
})
