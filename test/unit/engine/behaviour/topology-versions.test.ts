/** Versions of a topology over one log: what would lose something stored is refused before a pod joins, all else goes on. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { HEADER, NO_HEADERS } from '#core/record.ts'
import { state } from '#core/state.ts'
import { encodeDelay } from '#engine/record/delay-route.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { type Topology, topology } from '#topology/index.ts'
import { numbers, recordsOf } from './graph.ts'

/** Emits the sum of what came for its key so far. */
const summing = operator({
  name: 'sum',
  input: numbers,
  outputs: { out: numbers },
  state: { total: state.value(numbers) },
  process(record, ctx) {
    const total = (ctx.state.total.get() ?? 0) + record.value
    ctx.state.total.set(total)
    ctx.emit('out', total)
  },
})
const passing = operator({
  name: 'pass',
  input: numbers,
  outputs: { out: numbers },
  process: (record, ctx) => ctx.emit('out', record.value),
})

interface Version {
  /** What the summing operator is called. */
  readonly name?: string
  /** A name for its stage. */
  readonly stage?: string
  /** Puts a stateless operator in front of it. */
  readonly front?: boolean
  readonly renamed?: readonly [from: string, to: string]
  readonly dropped?: string
  /** Sends what it emits through a stage of its own. */
  readonly detour?: boolean
}

/** From `in` by way of one stateful operator to `out`. */
function version({ name = 'sum', stage, front, renamed, dropped, detour }: Version = {}): Topology {
  const t = topology('app')
  const source = t.source('in', { value: numbers, partitions: 2, partitionedByKey: true })
  const out = t.topic('out', { value: numbers, partitions: 2 })
  const stream = front ? source.filter('positive', each => each > 0) : source
  const summed = stream.process(name, summing, stage === undefined ? {} : { stage })
  if (detour) {
    const middle = t.topic('middle', { value: numbers, partitions: 2 })
    summed.to(middle)
    middle.process('pass', passing).to(out)
  } else summed.to(out)
  if (renamed) t.renameState(...renamed)
  if (dropped) t.dropState(dropped)
  return t.build()
}

/** A kit whose pods have run the first version, and have ended. */
async function ranWith(first: Topology, pods = 1): Promise<TestKit> {
  const kit = await testTopology(first, { pods })
  await kit.send('in', ...recordsOf(1, 9))
  await kit.settle()
  await kit.stop()
  return kit
}

/** The sums go on from where they were: nothing was read again, no state was lost. */
async function expectContinued(kit: TestKit): Promise<void> {
  await kit.send('in', { key: 'key-9', value: 30 })
  await kit.settle()
  expect(kit.read('out').sort()).toEqual([1, 2, 3, 39, 4, 5, 6, 7, 8, 9])
}

/** What was written about topologies so far. */
async function written(kit: TestKit): Promise<readonly string[]> {
  const place = { topic: 'app.topology', partition: 0 }
  const [bounds] = await kit.wait(kit.log.bounds([place]))
  if (!bounds || bounds.start === bounds.end) return []
  const reader = kit.log.openReader(place, bounds.start)
  const { records } = await kit.wait(reader.next(100))
  reader.close()
  return records.map(record => String(record.value))
}

describe('a first operator with another name', () => {
  it('a first operator with another name is refused, with every change and what to do about it', async () => {
    await using kit = await ranWith(version())
    await expect(kit.restart(version({ name: 'add' }))).rejects.toThrow(
      [
        'TOPOLOGY_CHANGED: the topology would lose what its earlier version has stored:',
        "- stage sum became add, which has neither its state nor its positions; declare { stage: 'sum' } where one of its operators is attached; to begin add without them, first run a version with neither",
        "- value of number sum.total has no owner any more; declare renameState('sum.total', 'add.total'), or dropState('sum.total')",
      ].join('\n'),
    )
    expect(kit.pods[0]?.status).toBe('failed')
  })

  it('a first operator with another name is refused where the state is renamed but not the stage, which was ignored silently otherwise', async () => {
    await using kit = await ranWith(version())
    const renamed = version({ name: 'add', renamed: ['sum.total', 'add.total'] })
    await expect(kit.restart(renamed)).rejects.toThrow('sum.total would move from stage sum to add')
  })

  it('a first operator with another name leaves everything as it was, so that the former version goes on', async () => {
    await using kit = await ranWith(version())
    await expect(kit.restart(version({ name: 'add' }))).rejects.toThrow('TOPOLOGY_CHANGED')
    await kit.restart(version())
    await expectContinued(kit)
  })

  it('a first operator with another name goes on where stage and state keep their names by declaration', async () => {
    await using kit = await ranWith(version())
    await kit.restart(version({ name: 'add', stage: 'sum', renamed: ['sum.total', 'add.total'] }))
    await expectContinued(kit)
    expect(kit.state('add', 'total', 'key-9')).toBe(39)
  })
})

describe('an operator in front of a stage', () => {
  it('an operator in front of a stage is refused without a name for the stage', async () => {
    await using kit = await ranWith(version())
    await expect(kit.restart(version({ front: true }))).rejects.toThrow('stage sum became positive')
  })

  it('an operator in front of a stage goes on with one', async () => {
    await using kit = await ranWith(version())
    await kit.restart(version({ front: true, stage: 'sum' }))
    await expectContinued(kit)
  })
})

describe('state without an owner', () => {
  const stateless = (dropped?: string) => {
    const t = topology('app')
    const out = t.topic('out', { value: numbers, partitions: 2 })
    const source = t.source('in', { value: numbers, partitions: 2, partitionedByKey: true })
    source.process('sum', passing).to(out)
    return (dropped === undefined ? t : t.dropState(dropped)).build()
  }

  it('state without an owner is refused until it is dropped by name', async () => {
    await using kit = await ranWith(version())
    await expect(kit.restart(stateless())).rejects.toThrow(
      "- value of number sum.total has no owner any more; declare dropState('sum.total'), or keep the state",
    )
    await kit.restart(stateless('sum.total'))
    await kit.send('in', { key: 'key-9', value: 30 })
    await kit.settle()
    expect(kit.read('out')).toContain(30)
    await kit.stop()
    // The instruction has done its work.
    await kit.restart(stateless())
  })
})

describe('changes that lose nothing', () => {
  it('changes that lose nothing are accepted: another operator, and another way to the same topic', async () => {
    await using kit = await ranWith(version())
    await kit.restart(version({ detour: true }))
    await expectContinued(kit)
    expect(kit.logs.filter(({ message }) => message === 'the topology has changed')).toEqual([])
  })

  it('changes that leave records unread in a topic are logged, as long as there are any', async () => {
    await using kit = await ranWith(version({ detour: true }))
    const told = () => kit.logs.filter(({ message }) => message === 'the topology has changed')
    await kit.restart(version())
    expect(told()).toEqual([])
    await kit.stop()
    await kit.restart(version({ detour: true }))
    await kit.send('middle', { key: 'key-1', value: 5 })
    kit.crash()
    await kit.restart(version())
    expect(told().map(({ fields }) => fields)).toEqual([
      {
        what: 'stage pass no longer reads middle',
        remedy: 'first run a version that reads it but no longer writes it, until nothing is left in it',
      },
    ])
  })

  it('changes that lose nothing are written once each: the same version only reads', async () => {
    await using kit = await ranWith(version())
    await kit.restart(version())
    await kit.stop()
    expect(await written(kit)).toHaveLength(1)
    await kit.restart(version({ detour: true }))
    await kit.addPod()
    expect(await written(kit)).toHaveLength(2)
  })
})

describe('pods that start at once', () => {
  it('pods that start at once of one version all run, and write it once', async () => {
    await using kit = await ranWith(version(), 3)
    const next = version({ detour: true })
    await Promise.all(kit.pods.map(pod => pod.start(next)))
    expect(kit.pods.map(({ status }) => status)).toEqual(['running', 'running', 'running'])
    expect(await written(kit)).toHaveLength(2)
  })

  it('pods that start at once of versions that do not fit each other do not both run, though each fits what was there', async () => {
    await using kit = await ranWith(version(), 2)
    const versions = [
      version({ name: 'add', stage: 'sum', renamed: ['sum.total', 'add.total'] }),
      version({ name: 'plus', stage: 'sum', renamed: ['sum.total', 'plus.total'] }),
    ]
    const started = await Promise.allSettled(
      versions.map((next, nth) => kit.pods[nth]?.start(next) ?? Promise.reject()),
    )
    expect(started.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await written(kit)).toHaveLength(2)
  })
})

describe('a pod of the former version that starts again during a rolling upgrade', () => {
  it('a pod of the former version that starts again during a rolling upgrade is refused once the new one has renamed what it needs', async () => {
    await using kit = await ranWith(version(), 2)
    const next = version({ name: 'add', stage: 'sum', renamed: ['sum.total', 'add.total'] })
    const [first, second] = kit.pods
    await first?.start(next)
    await expect(second?.start(version())).rejects.toThrow(
      "declare renameState('add.total', 'sum.total'), or dropState('add.total')",
    )
    await kit.restart(next)
    await expectContinued(kit)
  })

  it('runs beside the new one where nothing can be lost, and the new one starts again after it', async () => {
    await using kit = await ranWith(version(), 2)
    const [first, second] = kit.pods
    await first?.start(version({ detour: true }))
    await first?.stop()
    await second?.start(version())
    await second?.stop()
    await kit.restart(version({ detour: true }))
    await expectContinued(kit)
  })
})

describe('a log in trouble at the start', () => {
  it.each(['startProducer', 'write', 'endTransaction', 'fetch'] as const)(
    'a log in trouble at the start is asked again when %s is refused, and once its answer is lost',
    async request => {
      await using kit = await ranWith(version())
      const waits = () => kit.logs.filter(({ message }) => message === 'the start waits for the log').length
      kit.faults.refuse('pod-1', request, 2)
      await kit.restart(version({ detour: true }))
      expect(waits()).toBe(2)
      await kit.stop()
      kit.faults.loseAnswer('pod-1', request)
      await kit.restart(version({ front: true, stage: 'sum' }))
      expect(waits()).toBe(3)
      await expectContinued(kit)
    },
  )

  it('a start with a full disk waits', async () => {
    await using kit = await ranWith(version())
    kit.faults.fillDisk()
    const cancel = kit.system.after(60_000, () => kit.faults.freeDisk())
    await kit.restart(version({ detour: true }))
    cancel()
    expect(await written(kit)).toHaveLength(2)
  })

  it('a log in trouble at the start is not written by a newer version of the engine', async () => {
    await using kit = await ranWith(version())
    const record = { key: Buffer.from('topology'), value: Buffer.from('{"format":99}'), timestamp: kit.now }
    const records = [{ ...record, headers: NO_HEADERS }]
    await kit.wait(kit.log.append([{ topic: 'app.topology', partition: 0, records }]))
    await expect(kit.restart()).rejects.toThrow('STATE_NEWER: task app.topology has state of format 99')
  })
})

describe('delayed records', () => {
  const HOUR_MS = 3_600_000
  const postpone = operator({
    name: 'postpone',
    input: numbers,
    outputs: { out: numbers },
    process: (record, ctx) => ctx.emit('out', record.value, { notBefore: ctx.now + record.value }),
  })
  const delaying = (tiers: readonly number[], target = 'out') => {
    const t = topology('app')
    const source = t.source('in', { value: numbers, partitions: 1 })
    source
      .process('postpone', postpone)
      .delay({ tiers })
      .to(t.topic(target, { value: numbers, partitions: 1 }))
    return t.build()
  }
  const both = delaying([1_000, HOUR_MS])

  it('delayed records keep their tier and their target until nothing waits any more', async () => {
    await using kit = await testTopology(both)
    await kit.send('in', { key: 'a', value: HOUR_MS })
    await kit.settle()
    await kit.stop()
    await expect(kit.restart(delaying([1_000]))).rejects.toThrow(
      '- tier app.delay.1h is gone; keep it until no record waits in it',
    )
    await expect(kit.restart(delaying([1_000, HOUR_MS], 'other'))).rejects.toThrow(
      '- topic out is gone, to which delayed records are on their way; keep it until no record waits in any tier',
    )
    await kit.restart(both)
    await kit.advance('61m')
    await kit.stop()
    await kit.restart(delaying([1_000], 'other'))
  })

  it('for a topic that is not in the graph are given up with their bytes and key, and the pod goes on', async () => {
    await using kit = await testTopology(both)
    const delay = encodeDelay({ due: kit.now, target: 'gone', enteredAt: kit.now - 1_000 })
    const lost = {
      key: Buffer.from('a'),
      value: Buffer.from('7'),
      headers: { [HEADER.delay]: delay },
      timestamp: kit.now,
    }
    await kit.wait(kit.log.append([{ topic: 'app.delay.1s', partition: 0, records: [lost] }]))
    await kit.send('in', { key: 'b', value: 10 })
    await kit.advance('1m')
    const [letter, ...others] = kit.deadLetters()
    expect(others).toEqual([])
    expect(letter).toMatchObject({
      node: 'delay/0',
      message: 'REJECTED: the delayed record is for topic gone, which the graph no longer has',
      origin: { topic: 'app.delay.1s', key: lost.key, value: lost.value },
    })
    expect(kit.read('out')).toEqual([10])
    expect(kit.pods[0]?.status).toBe('running')
  })
})
