/** What only a real broker can show of the Kafka driver: aborted records, compaction, encryption, sizes, topics of others. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord, TopicPartition } from '#core/record.ts'
import { KAFKA_USER, STACK_FOLDER, secureBrokerAddresses } from '#deploy/local/addresses.ts'
import { CERTIFICATE } from '#deploy/local/kafka-security.ts'
import type { Log } from '#engine/log/log.ts'
import {
  batch,
  codeOf,
  contents,
  failureOf,
  read,
  readUntil,
  record,
  textOf,
  values,
} from '../conformance/log/fixture.ts'
import { BROKERS, openLocalLog } from './kafka.ts'
import { RUN, stackRuns } from './stack.ts'

const runs = await stackRuns('kafka')

describe.skipIf(!runs)('the Kafka driver on a real broker', () => {
  const client = new kafkajs.Kafka({ brokers: [...BROKERS], logLevel: kafkajs.logLevel.NOTHING })
  const admin = client.admin()
  let log: Log
  let names = 0
  const name = (word: string) => `${RUN}${word}-${names++}`

  beforeAll(async () => {
    log = await openLocalLog()
    await admin.connect()
  })

  afterAll(async () => {
    await admin.disconnect()
    await log.close()
  })

  async function topic(partitions = 1): Promise<TopicPartition> {
    const spec = { name: name('topic'), partitions, compacted: false, retentionMs: undefined }
    await log.createTopics([spec])
    return { topic: spec.name, partition: 0 }
  }

  describe('hands out no aborted record', () => {
    /** Two producers of kafkajs, so that transactions can be left open and ended in any order. */
    async function twoAborting(place: TopicPartition) {
      const producers = ['x', 'y'].map(word => {
        const transactionalId = name(word)
        return client.producer({ transactionalId, maxInFlightRequests: 1, idempotent: true })
      })
      for (const producer of producers) await producer.connect()
      const [x, y] = await Promise.all(producers.map(producer => producer.transaction()))
      if (!x || !y) throw new TypeError('two transactions were begun')
      const send = (one: typeof x, value: string, key: Buffer | null = null) =>
        one.send({ topic: place.topic, messages: [{ value, key, partition: 0 }] })
      const end = async () => {
        await y.abort()
        await x.abort()
        for (const producer of producers) await producer.disconnect()
      }
      return { x, y, send, end }
    }

    it('while the aborts of two producers interleave, from whatever offset it reads', async () => {
      const place = await topic()
      const { x, y, send, end } = await twoAborting(place)
      for (const [one, value] of [
        [x, 'x1'],
        [y, 'y1'],
        [x, 'x2'],
        [y, 'y2'],
      ] as const)
        await send(one, value)
      await end()
      // An end is answered before its markers stand in the partition: six entries there, all of them decided.
      while ((await log.bounds([place]))[0]?.end !== 6);
      await log.append([batch(place, 'good')])
      for (let offset = 0; offset < 7; offset++) {
        const found = await readUntil(log, place, offset, one => textOf(one.value) === 'good')
        expect(found.map(one => textOf(one.value))).toEqual(['good'])
      }
    })

    it('while a key looks like an abort marker', async () => {
      const place = await topic()
      const { x, send, end } = await twoAborting(place)
      await send(x, 'spoof', Buffer.alloc(4))
      await send(x, 'behind the spoof')
      await end()
      expect(await values(log, place)).toEqual([])
    })

    it('of a transaction that does not end, and names whose readers wait for it', async () => {
      const place = await topic()
      const [held, goesOn] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
      const other = await openLocalLog({
        undecidedMax: 300,
        warn: message => (message.includes('holds') ? held : goesOn).resolve(message),
      })
      const { x, send, end } = await twoAborting(place)
      await log.append([batch(place, 'before')])
      // An end is answered before its marker stands in the partition: 'left open' is written behind both.
      while ((await log.bounds([place]))[0]?.end !== 2);
      await send(x, 'left open')
      const reading = readUntil(other, place, 0, one => textOf(one.value) === 'good')
      expect(await held.promise).toMatch(/topic-\d+\/0 holds its readers back at offset 2 of 3.*find-hanging/)
      await end()
      await log.append([batch(place, 'good')])
      expect(await goesOn.promise).toMatch(/topic-\d+\/0 is decided beyond offset 2/)
      expect((await reading).map(one => textOf(one.value))).toEqual(['before', 'good'])
      await other.close()
    })
  })

  it('names a partition that it writes and nobody reads, where a transaction does not end', async () => {
    const place = await topic()
    const told = Promise.withResolvers<string>()
    const other = await openLocalLog({ undecidedMax: 300, warn: told.resolve })
    const producer = client.producer({ transactionalId: name('x'), maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: place.topic, messages: [{ value: 'left open', partition: 0 }] })
    await other.startProducer(name('writer'), [place])
    expect(await told.promise).toMatch(
      /topic-\d+\/0 holds its readers back at offset 0 .*producer \S+x-\d+ .*is ongoing/,
    )
    await transaction.abort()
    await producer.disconnect()
    await other.close()
  })

  it('passes what compaction removed, from every offset', async () => {
    const place = { topic: name('compacted'), partition: 0 }
    const configs = {
      'cleanup.policy': 'compact',
      'segment.ms': '200',
      'min.cleanable.dirty.ratio': '0.001',
      'delete.retention.ms': '0',
    }
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await admin.createTopics({ topics: [{ topic: place.topic, numPartitions: 1, configEntries }] })
    await log.bounds([place])
    const producer = await log.startProducer(name('producer'))
    for (let turn = 0; turn < 30; turn++) {
      const value = turn % 3 === 0 ? null : `${turn}`
      await producer.transact([
        { ...place, records: [record('same', `${turn}`), record(`key-${turn % 5}`, value)] },
      ])
    }
    let found: readonly LogRecord[] = []
    do found = await contents(log, place)
    while (found.length > 40)
    const latestOf = (records: readonly LogRecord[]) =>
      new Map(records.map(one => [textOf(one.key), textOf(one.value)]))
    expect(latestOf(found).get('same')).toBe('29')
    await log.append([{ ...place, records: [record('last', 'last')] }])
    const [bounds] = await log.bounds([place])
    for (let offset = bounds?.start ?? 0; offset < (bounds?.end ?? 0); offset += 7) {
      // Compaction goes on meanwhile, so that only the latest values stay the same.
      const rest = await readUntil(log, place, offset, one => textOf(one.value) === 'last')
      const offsets = rest.map(one => one.offset)
      expect(offsets).toEqual([...offsets].filter(each => each >= offset).sort((a, b) => a - b))
      const expected = [...latestOf(found)].filter(([key]) => latestOf(rest).has(key))
      expect(expected.map(([key]) => [key, latestOf(rest).get(key)])).toEqual(expected)
    }
  })

  describe('over an encrypted connection', () => {
    const ssl = runs ? { ca: readFileSync(join(STACK_FOLDER, 'kafka-security', CERTIFICATE)) } : true
    const secured = { brokers: secureBrokerAddresses(1), ssl }

    it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('logs in with %s', async mechanism => {
      const place = await topic()
      const other = await openLocalLog({ ...secured, sasl: { mechanism, ...KAFKA_USER } })
      const producer = await other.startProducer(name('producer'))
      await producer.transact([batch(place, 'secret')])
      expect((await read(other, place, 0, 1)).map(one => textOf(one.value))).toEqual(['secret'])
      await other.close()
    })

    it('does not try again with a wrong password', async () => {
      const sasl = { mechanism: 'scram-sha-256', username: KAFKA_USER.username, password: 'wrong' } as const
      expect(await codeOf(openLocalLog({ ...secured, sasl }))).toBe('CONFIGURATION_INVALID')
    })
  })

  it.each(['gzip', 'zstd'] as const)('writes and reads %s', async compression => {
    const place = await topic()
    const other = await openLocalLog({ compression })
    const texts = Array.from({ length: 500 }, (_, index) => `${index} `.repeat(50))
    await other.append([batch(place, ...texts)])
    expect(await values(log, place)).toEqual(texts)
    await other.close()
  })

  it.each(['snappy', 'lz4'])('reads what others have compressed with %s', async codec => {
    const place = { topic: name(codec), partition: 0 }
    // The broker compresses again what does not come with the topic's codec, with the same code as producers in Java.
    const configEntries = [{ name: 'compression.type', value: codec }]
    await admin.createTopics({ topics: [{ topic: place.topic, numPartitions: 1, configEntries }] })
    await log.bounds([place])
    // More than one block of either codec.
    const texts = Array.from({ length: 500 }, (_, index) => `${index} `.repeat(200))
    await log.append([batch(place, ...texts)])
    expect(await values(log, place)).toEqual(texts)
  })

  it('writes one transaction of many requests, and gives every batch its receipt', async () => {
    const place = await topic(3)
    const producer = await log.startProducer(name('producer'))
    const large = 'x'.repeat(60_000)
    const batches = Array.from({ length: 30 }, (_, index) =>
      batch(
        { ...place, partition: index % 3 },
        ...Array.from({ length: 10 }, (_, turn) => `${index}-${turn} ${large}`),
      ),
    )
    const receipt = await producer.transact(batches)
    for (const partition of [0, 1, 2]) {
      const found = await contents(log, { ...place, partition })
      const ends = batches.flatMap((each, index) => (each.partition === partition ? [receipt[index]] : []))
      expect(found.length).toBe(100)
      expect(ends).toEqual(found.filter((_, index) => index % 10 === 9).map(one => one.offset + 1))
    }
  })

  it('serves many readers at once, one of them far behind and one that is never read', async () => {
    const place = await topic(8)
    const all = Array.from({ length: 8 }, (_, partition) => ({ ...place, partition }))
    const fill = Array.from({ length: 3_000 }, (_, index) => `${index} ${'x'.repeat(700)}`)
    await log.append([batch(place, ...fill)])
    const stuck = log.openReader(place, 0)
    await stuck.next(1)
    const far = read(log, place, 0, fill.length)
    const near = all.slice(1).map(each => read(log, each, 0, 20))
    for (let turn = 0; turn < 20; turn++) await log.append(all.slice(1).map(each => batch(each, `${turn}`)))
    const turns = Array.from({ length: 20 }, (_, turn) => `${turn}`)
    for (const found of await Promise.all(near)) expect(found.map(one => textOf(one.value))).toEqual(turns)
    expect((await far).map(one => textOf(one.value))).toEqual(fill)
    stuck.close()
  })

  it('joins once more when it is asked to while a join is in flight', async () => {
    const seen: string[] = []
    let data = 'old'
    const { promise: joined, resolve } = Promise.withResolvers<void>()
    const membership = log.joinGroup({
      group: name('group'),
      member: name('member'),
      sessionTimeoutMs: 6_000,
      memberData: () => {
        const now = data
        if (now === 'old') queueMicrotask(() => membership.rejoin())
        data = 'new'
        return now
      },
      assign: members => {
        seen.push(...members.map(each => each.data))
        return new Map()
      },
      listener: { joined: () => seen.includes('new') && resolve(), lost() {} },
    })
    await joined
    expect(seen.at(-1)).toBe('new')
    await membership.leave()
  })

  it('removes a member that is known to have ended, without a wait for its session', async () => {
    const [group, before, after] = [name('group'), name('member'), name('member')]
    const other = await openLocalLog()
    /** Who was there whenever this member was the one to divide the tasks. */
    const joinAs = (log: Log, member: string, hasEnded: (member: string) => boolean) => {
      const { promise: joined, resolve } = Promise.withResolvers<readonly string[]>()
      const assign = (members: readonly { readonly member: string }[]) => {
        resolve(members.map(each => each.member))
        return new Map()
      }
      const listener = { joined() {}, lost() {} }
      const options = { group, member, sessionTimeoutMs: 30_000, memberData: () => '', hasEnded }
      return { membership: log.joinGroup({ ...options, assign, listener }), joined }
    }
    const first = joinAs(log, before, () => false)
    await first.joined
    const second = joinAs(other, after, member => member === before)
    expect(await second.joined).toEqual([after])
    await first.membership.leave()
    await second.membership.leave()
    await other.close()
  })

  it('names the remedy for topics that differ', async () => {
    const [fewer, other] = [name('fewer'), name('other')]
    await admin.createTopics({
      topics: [
        { topic: fewer, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '-1' }] },
        { topic: other, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: '1000' }] },
      ],
    })
    const failure = await failureOf(
      log.createTopics([
        { name: fewer, partitions: 4, compacted: false, retentionMs: undefined },
        { name: other, partitions: 1, compacted: true, retentionMs: undefined },
      ]),
    )
    expect(failure?.message).toContain(`kafka-topics.sh --alter --topic ${fewer} --partitions 4`)
    expect(failure?.message).toContain(
      `--entity-name ${other} --add-config cleanup.policy=[compact],retention.ms=[-1]`,
    )
  })

  it('keeps trying while no broker answers, logs this, and stops on an abort', async () => {
    const told: string[] = []
    const stop = new AbortController()
    const opening = openLocalLog({
      brokers: ['127.0.0.1:1'],
      signal: stop.signal,
      warn: message => {
        told.push(message)
        stop.abort(new TypeError('given up'))
      },
    })
    await expect(opening).rejects.toThrow('given up')
    expect(told).toEqual([expect.stringContaining('127.0.0.1:1')])
  })
})
