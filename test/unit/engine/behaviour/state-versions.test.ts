/** Versions of a topology over stored state: what nobody owns is refused, until it is renamed or dropped by name. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { type GraphOptions, graphOf, numbers, recordsOf } from './graph.ts'

/** Keeps the last value of each key, under the names given. */
function keeping(latest: string, entries: string, timer: string, options: GraphOptions = {}) {
  const keep = operator({
    name: 'keep',
    input: numbers,
    outputs: { out: numbers },
    state: { [latest]: state.value(numbers), [entries]: state.map(numbers) } as {
      last: ReturnType<typeof state.value<number>>
      all: ReturnType<typeof state.map<number>>
    },
    timers: [timer],
    process(record, ctx) {
      // The names change from version to version; the kinds do not.
      const { [latest as 'last']: last, [entries as 'all']: all } = ctx.state
      last.set(record.value)
      all.set(`${record.value}`, record.value)
      ctx.timers.set(timer, ctx.now + 3_600_000)
    },
    onTimer: (_timer, ctx) => ctx.emit('out', 1),
  })
  return graphOf(keep, options)
}

const first = () => keeping('last', 'all', 'ring')

async function withState(): Promise<TestKit> {
  const kit = await testTopology(first())
  await kit.send('in', ...recordsOf(1, 5))
  await kit.settle()
  await kit.stop()
  return kit
}

/** As in a log that was written before topologies were kept in it, so that tasks alone can tell. */
async function forgetTopology(kit: TestKit): Promise<void> {
  const place = { topic: 'app.topology', partition: 0 }
  const [bounds] = await kit.wait(kit.log.bounds([place]))
  await kit.wait(kit.log.trim(place, bounds?.end ?? 0))
}

describe('a version that does not own what is stored', () => {
  it('a version that does not own what is stored is refused, with every name and what to do', async () => {
    await using kit = await withState()
    await forgetTopology(kit)
    await kit.restart(keeping('latest', 'every', 'alarm'))
    await expect(kit.settle()).rejects.toThrow(
      'STATE_UNOWNED: stage keep has stored state that no operator owns: keep.all, keep.last, keep.ring; rename or drop it explicitly',
    )
    expect(kit.pods[0]?.status).toBe('failed')
  })

  it('a version that does not own what is stored leaves it untouched, so that the former version goes on', async () => {
    await using kit = await withState()
    await forgetTopology(kit)
    await kit.restart(keeping('latest', 'every', 'alarm'))
    await expect(kit.settle()).rejects.toThrow('STATE_UNOWNED')
    await forgetTopology(kit)
    await kit.restart(first())
    await kit.settle()
    expect(kit.state('keep', 'last', 'key-3')).toBe(3)
  })
})

describe('a version that renames', () => {
  it('a version that renames finds values, maps and timers under their new names', async () => {
    await using kit = await withState()
    const renamed = { 'keep.last': 'keep.latest', 'keep.all': 'keep.every', 'keep.ring': 'keep.alarm' }
    await kit.restart(keeping('latest', 'every', 'alarm', { renamed }))
    await kit.settle()
    await kit.send('in', { key: 'key-3', value: 30 })
    await kit.settle()
    expect(kit.state('keep', 'latest', 'key-2')).toBe(2)
    expect(kit.state('keep', 'every', 'key-3')).toEqual({ 3: 3, 30: 30 })
    await kit.advance('2h')
    expect(kit.read('out')).toHaveLength(5)
  })

  it('a version that renames may keep the instruction for later starts', async () => {
    await using kit = await withState()
    const renamed = { 'keep.last': 'keep.latest' }
    const next = keeping('latest', 'all', 'ring', { renamed })
    await kit.restart(next)
    await kit.settle()
    await kit.send('in', { key: 'key-3', value: 30 })
    await kit.settle()
    kit.crash()
    await kit.restart(next)
    await kit.settle()
    expect(kit.state('keep', 'latest', 'key-3')).toBe(30)
  })
})

describe('a version that drops', () => {
  it('a version that drops deletes what is named, and nothing else', async () => {
    await using kit = await withState()
    await kit.restart(keeping('last', 'every', 'alarm', { dropped: ['keep.all', 'keep.ring'] }))
    await kit.settle()
    expect(kit.state('keep', 'last', 'key-3')).toBe(3)
    kit.crash()
    await kit.restart(keeping('last', 'all', 'ring', { dropped: ['keep.every', 'keep.alarm'] }))
    await kit.settle()
    expect(kit.state('keep', 'all', 'key-3')).toBeUndefined()
    await kit.advance('2h')
    expect(kit.read('out')).toEqual([])
  })
})

describe('a version that cannot read a value', () => {
  const words = codec.json<string>('number', each => typeof each === 'string')
  const reading = operator({
    name: 'keep',
    input: numbers,
    outputs: { out: numbers },
    state: { last: state.value(words), all: state.map(numbers) },
    timers: ['ring'],
    process(record, ctx) {
      if (record.value > 0) ctx.emit('out', ctx.state.last.get()?.length ?? 0)
    },
  })

  it('a version that cannot read a value gives the records of that key up, one by one, and names the state', async () => {
    await using kit = await withState()
    await kit.restart(graphOf(reading))
    await kit.send('in', { key: 'key-3', value: 1 }, { key: 'new', value: 1 })
    await kit.settle()
    expect(kit.deadLetters()[0]?.message).toContain(
      'STATE_UNREADABLE: node keep: stored state last is not number',
    )
    expect(kit.read('out')).toEqual([0])
  })
})

describe('state written by a newer version of the engine', () => {
  it('state written by a newer version of the engine is refused at the start, not guessed', async () => {
    await using kit = await withState()
    const layout = Buffer.from(JSON.stringify({ format: 99, names: [] }))
    const record = { key: Buffer.from('!layout'), value: layout, headers: {}, timestamp: kit.now }
    await kit.wait(kit.log.append([{ topic: 'app.keep.state', partition: 0, records: [record] }]))
    await kit.restart()
    await expect(kit.settle()).rejects.toThrow(
      'STATE_NEWER: task keep/0 has state of format 99, this version reads up to 1; run the newer version',
    )
  })
})
