/** One partition refuses every write with the same code, for long: the engine on the Kafka driver, against scripted brokers. */
import { describe, expect, it } from 'vitest'
import type { Logger } from '#core/loggers.ts'
import { operator } from '#core/operator.ts'
import { type NewRecord, NO_HEADERS, partitionKey } from '#core/record.ts'
import { type Running, run } from '#engine/client/run.ts'
import { STAYING } from '#engine/log/kafka/add-partitions-request.ts'
import { KNOWN_CODES, meaningOf } from '#engine/log/kafka/broker-codes.ts'
import { openKafkaLog } from '#engine/log/kafka/index.ts'
import type { Log, TopicDescription, TopicSpec } from '#engine/log/log.ts'
import { seededRandom } from '#testing/seeded-random.ts'
import { RequestFaults } from '#testing/simulation/driver/request-faults.ts'
import { NODES, ScriptedCluster } from '#testing/simulation/driver/scripted-cluster.ts'
import { scriptedConnections } from '#testing/simulation/driver/scripted-connection.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { topology } from '#topology/index.ts'
import { adding, numbers } from '../unit/engine/behaviour/graph.ts'
import { withLog } from './planted/delegate.ts'

const TOPICS = ['in', 'out', 'beside', 'there', 'app.adding.state', 'app.other.state', 'app.dead-letters']
const SEVERAL = { 'app.dead-letters': 16 }
const UNAVAILABLE_AFTER_MS = 10_000
const RETRY_MS = 30_000
/** Codes that nobody takes for final when they come alone, and two that no table has yet. */
const CODES = [...KNOWN_CODES, 134, 500].filter(code => !STAYING.has(meaningOf(code, 'Produce')))

const other = operator({
  name: 'other',
  input: numbers,
  outputs: { out: numbers },
  process: (record, ctx) => ctx.emit('out', record.value),
})

/** Two stages that have nothing to do with each other. */
function twoStages() {
  const t = topology('app')
  t.source('in', { value: numbers, partitions: 1, partitionedByKey: true })
    .process('adding', adding)
    .to(t.topic('out', { value: numbers, partitions: 1 }))
  t.source('beside', { value: numbers, partitions: 1, partitionedByKey: true })
    .process('other', other)
    .to(t.topic('there', { value: numbers, partitions: 1 }))
  return t.build()
}

class Stand {
  readonly time = new VirtualTime(1)
  readonly cluster: ScriptedCluster
  readonly errors: string[] = []
  readonly #specs = new Map<string, TopicSpec>()
  #client: Promise<Log> | undefined

  constructor(transactionVersion: 1 | 2) {
    const topics = { ...Object.fromEntries([...TOPICS, 'app.topology'].map(name => [name, 1])), ...SEVERAL }
    const { system } = this.time
    this.cluster = new ScriptedCluster({ system, random: seededRandom(1), topics, transactionVersion })
  }

  async start(): Promise<Running> {
    const log = withLog(await this.time.settle(this.#open('pod')), {
      createTopics: async specs => {
        for (const spec of specs) this.#specs.set(spec.name, spec)
      },
      describeTopics: async (names = TOPICS) => names.flatMap(name => this.#described(name)),
    })
    const system = this.time.systemFor('pod')
    return this.time.settle(run(twoStages(), { log, system, logger: this.#logger, name: 'pod' }))
  }

  async send(topic: 'in' | 'beside', ...values: readonly number[]): Promise<void> {
    this.#client ??= this.#open('client')
    const client = await this.time.settle(this.#client)
    const records = values.map((value): NewRecord => {
      const timestamp = this.time.system.now()
      return { key: Buffer.from('a'), value: Buffer.from(`${value}`), headers: NO_HEADERS, timestamp }
    })
    await this.time.settle(client.append([{ topic, partition: 0, records }]))
  }

  refuse(topic: string, code: number, appends: boolean): void {
    for (const { place } of this.cluster.topics.get(topic)?.partitions ?? [])
      this.cluster.unwritable.set(partitionKey(place), { code, appends })
  }

  /** What the topic holds for those who read committed records. */
  committed(topic: string): readonly number[] {
    const partitions = this.cluster.topics.get(topic)?.partitions ?? []
    return partitions.flatMap(({ committed }) => committed.map(Number))
  }

  #open(name: string): Promise<Log> {
    const brokers = NODES.map(node => `broker-${node}:9092`)
    const options = { brokers, clientId: name, unavailableAfter: UNAVAILABLE_AFTER_MS, warn: () => undefined }
    const system = this.time.systemFor(name)
    const faults = new RequestFaults(seededRandom(2), 0)
    return openKafkaLog({ ...options, system }, scriptedConnections(this.cluster, faults))
  }

  #described(name: string): TopicDescription[] {
    const [spec, topic] = [this.#specs.get(name), this.cluster.topics.get(name)]
    return spec && topic ? [{ ...spec, id: topic.id }] : []
  }

  get #logger(): Logger {
    const nothing = () => undefined
    const error = (message: string, fields?: object) =>
      void this.errors.push(`${message} ${JSON.stringify(fields)}`)
    return { debug: nothing, info: nothing, warn: nothing, error }
  }
}

const blockOf = (running: Running, task: string) =>
  running.status().tasks.find(({ name }) => name === task)?.blockedBy
const tasksOf = (running: Running) =>
  Object.fromEntries(running.status().tasks.map(({ name, phase }) => [name, phase]))

describe('a partition that refuses every write', () => {
  it.each(CODES)(
    'a sink partition that answers every write with code %d blocks the task that writes there, until it takes writes again',
    async code => {
      const isOdd = Math.abs(code) % 2 === 1
      const stand = new Stand(isOdd ? 1 : 2)
      const running = await stand.start()
      await stand.send('in', 1)
      await stand.send('beside', 1)
      await stand.time.runFor(5_000)
      expect([stand.committed('out'), stand.committed('there')]).toEqual([[1], [1]])

      stand.refuse('out', code, !isOdd)
      await stand.send('in', 2, 3)
      await stand.send('beside', 2)
      await stand.time.runFor(UNAVAILABLE_AFTER_MS + 25_000)
      expect(tasksOf(running)).toEqual({ 'adding/0': 'blocked', 'other/0': 'running' })
      expect(blockOf(running, 'adding/0')).toMatchObject({
        code: 'PARTITION_UNWRITABLE',
        message: expect.stringMatching(new RegExp(`out/0 takes no write.*code ${code}\\b`)),
      })
      expect(stand.committed('there')).toEqual([1, 2])
      for (let value = 3; value <= 5; value++) {
        await stand.send('beside', value)
        await stand.time.runFor(RETRY_MS / 2)
        expect(stand.committed('there')).toContain(value)
      }
      expect(stand.errors).toHaveLength(1)
      expect(stand.committed('out')).toEqual([1])

      stand.cluster.unwritable.clear()
      await stand.time.runFor(RETRY_MS + 10_000)
      await stand.send('in', 4)
      await stand.time.runFor(5_000)
      expect(tasksOf(running)).toEqual({ 'adding/0': 'running', 'other/0': 'running' })
      expect(stand.committed('out')).toEqual([1, 3, 6, 10])
      expect(stand.committed('there')).toEqual([1, 2, 3, 4, 5])
      expect(stand.committed('app.dead-letters')).toEqual([])
      await stand.time.settle(running.stop())
    },
  )

  it.each([
    ['app.adding.state', 19, 1],
    ['app.adding.state', 56, 2],
    ['app.dead-letters', -1, 1],
    ['app.dead-letters', 500, 2],
  ] as const)(
    '%s that answers every write with code %d blocks the task that needs it alone: transactions of version %d',
    async (topic, code, transactionVersion) => {
      const stand = new Stand(transactionVersion)
      const running = await stand.start()
      await stand.send('in', 1)
      await stand.time.runFor(5_000)
      stand.refuse(topic, code, false)
      await stand.send('in', 2, Number.NaN)
      await stand.send('beside', 1)
      await stand.time.runFor(UNAVAILABLE_AFTER_MS + 25_000)
      expect(tasksOf(running)).toEqual({ 'adding/0': 'blocked', 'other/0': 'running' })
      expect(blockOf(running, 'adding/0')).toMatchObject({
        code: 'PARTITION_UNWRITABLE',
        message: expect.stringMatching(new RegExp(`${topic}/\\d+ takes no write`)),
      })
      await stand.send('beside', 2)
      await stand.time.runFor(3 * RETRY_MS)
      expect(stand.committed('there')).toEqual([1, 2])
      expect(stand.errors).toHaveLength(1)

      stand.cluster.unwritable.clear()
      await stand.time.runFor(RETRY_MS + 10_000)
      expect(tasksOf(running)).toEqual({ 'adding/0': 'running', 'other/0': 'running' })
      expect(stand.committed('out')).toEqual([1, 3])
      expect(stand.committed('there')).toEqual([1, 2])
      expect(stand.committed('app.dead-letters')).toHaveLength(1)
      await stand.time.settle(running.stop())
    },
  )

  it('a state partition that takes no write at the start keeps its task alone from running', async () => {
    const stand = new Stand(2)
    stand.refuse('app.adding.state', 500, false)
    const running = await stand.start()
    await stand.send('in', 1)
    await stand.send('beside', 1)
    await stand.time.runFor(UNAVAILABLE_AFTER_MS + 25_000)
    expect(tasksOf(running)).toEqual({ 'adding/0': 'blocked', 'other/0': 'running' })
    expect(stand.committed('there')).toEqual([1])
    stand.cluster.unwritable.clear()
    await stand.time.runFor(RETRY_MS + 10_000)
    expect(stand.committed('out')).toEqual([1])
    await stand.time.settle(running.stop())
  })

  it.each([
    ['an election of some seconds', ['out'], UNAVAILABLE_AFTER_MS - 4_000],
    ['a cluster that takes no write at all', TOPICS, 3 * UNAVAILABLE_AFTER_MS],
  ] as const)('%s blocks no task', async (_what, refusing, forMs) => {
    const stand = new Stand(2)
    const running = await stand.start()
    await stand.send('in', 1)
    await stand.send('beside', 1)
    await stand.time.runFor(5_000)
    await stand.send('in', 2)
    await stand.send('beside', 2)
    for (const topic of refusing) stand.refuse(topic, 19, false)
    await stand.time.runFor(forMs)
    expect(stand.errors).toEqual([])
    expect(stand.committed('there')).toEqual([1])
    stand.cluster.unwritable.clear()
    await stand.time.runFor(5_000)
    expect(tasksOf(running)).toEqual({ 'adding/0': 'running', 'other/0': 'running' })
    expect([stand.committed('out'), stand.committed('there')]).toEqual([
      [1, 3],
      [1, 2],
    ])
    await stand.time.settle(running.stop())
  })
})
