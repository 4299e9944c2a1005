/** The walk over a map: the entries as they were at its start, each once, whatever the record writes meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { type MapHandle, state } from '#core/state.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { lmdbStores } from '#engine/state/lmdb-store.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf, numbers } from './graph.ts'

type Entries = MapHandle<number>
type Seen = [string, number][]

/** What the second record does while it walks; the first has written a to c. */
const WALKS: Record<string, { walk(entries: Entries): Seen; seen: string; after: string }> = {
  'setting what is walked': {
    walk: entries => seenOf(entries, name => entries.set(name, 9)),
    seen: 'a1 b2 c3',
    after: 'a9 b9 c9',
  },
  'setting what is walked, after a write': {
    walk(entries) {
      entries.set('d', 4)
      return seenOf(entries, name => entries.set(name, 9))
    },
    seen: 'a1 b2 c3 d4',
    after: 'a9 b9 c9 d9',
  },
  'adding names, after a write': {
    walk(entries) {
      entries.set('d', 4)
      return seenOf(entries, name => entries.set(`${name}+`, 9))
    },
    seen: 'a1 b2 c3 d4',
    after: 'a1 a+9 b2 b+9 c3 c+9 d4 d+9',
  },
  'deleting all at the first': {
    walk: entries =>
      seenOf(entries, () => {
        for (const name of 'abc') entries.delete(name)
      }),
    seen: 'a1 b2 c3',
    after: '',
  },
  'deleting what was written, at the first': {
    walk(entries) {
      entries.set('d', 4)
      entries.delete('a')
      return seenOf(entries, () => entries.delete('d'))
    },
    seen: 'b2 c3 d4',
    after: 'b2 c3',
  },
  'writing between the call and the first step': {
    walk(entries) {
      const walk = entries.entries()
      entries.set('d', 4)
      entries.set('a', 9)
      return [...walk]
    },
    seen: 'a1 b2 c3',
    after: 'a9 b2 c3 d4',
  },
  'a walk within a walk': {
    walk(entries) {
      const seen: Seen = []
      for (const [name] of entries.entries()) {
        entries.set(`${name}${name}`, 0)
        seen.push([name, [...entries.entries()].length])
      }
      return seen
    },
    seen: 'a4 b5 c6',
    after: 'a1 aa0 b2 bb0 c3 cc0',
  },
}

function seenOf(entries: Entries, action: (name: string) => void): Seen {
  const seen: Seen = []
  for (const [name, value] of entries.entries()) {
    seen.push([name, value])
    if (seen.length === 100) break
    action(name)
  }
  return seen
}

/** Lets what is ready in the background take place. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve))
}

const told = (entries: Iterable<readonly [string, number]>) =>
  [...entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, number]) => name + number)
    .join(' ')

function walking(walk: (entries: Entries) => Seen, ttlMs?: number) {
  const results: string[] = []
  const operating = operator({
    name: 'walking',
    input: numbers,
    state: {
      all: state.map(numbers, ttlMs === undefined ? {} : { ttl: ttlMs }),
      other: state.value(numbers),
    },
    process(record, ctx) {
      if (record.value === 1)
        for (const [index, name] of ['a', 'b', 'c'].entries()) ctx.state.all.set(name, index + 1)
      if (record.value === 2) results.push(told(walk(ctx.state.all)))
      if (record.value === 3) results.push(told(ctx.state.all.entries()))
    },
  })
  return { results, graph: graphOf(operating) }
}

describe.each(Object.keys(WALKS))('%s', name => {
  const { walk, seen, after } = WALKS[name] ?? expect.unreachable()

  it.each([undefined, 60_000])('gives each entry once, as it was (time to live: %s)', async ttlMs => {
    const { results, graph } = walking(walk, ttlMs)
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'k', value: 1 }, { key: 'k', value: 2 }, { key: 'k', value: 3 })
    await kit.settle()
    expect(results).toEqual([seen, after])
  })

  it('gives the same where the entries are in the store', async () => {
    const { results, graph } = walking(walk)
    await using kit = await testTopology(graph)
    for (const each of [1, 2, 3]) {
      await kit.send('in', { key: 'k', value: each })
      await kit.settle()
      kit.crash()
      await kit.restart()
    }
    expect(results).toEqual([seen, after])
  })
})

describe('on the local disk', () => {
  const path = mkdtempSync(join(tmpdir(), 'caudal-walk-'))
  afterEach(() => rmSync(path, { recursive: true }))

  it('a walk gives each of many entries once, also of those that reach the disk meanwhile', async () => {
    const names = Array.from({ length: 2_000 }, (_, index) => `n${index}`)
    const results: number[][] = []
    const operating = operator({
      name: 'walking',
      input: numbers,
      state: { all: state.map(numbers) },
      async process(record, ctx) {
        if (record.value === 1) for (const name of names) ctx.state.all.set(name, 1)
        if (record.value === 1) return
        ctx.state.all.set('own', 1)
        const seen: string[] = []
        for (const [name] of ctx.state.all.entries()) {
          seen.push(name)
          ctx.state.all.set(name, 2)
          if (seen.length % 100 === 0) await turns(20)
        }
        results.push([seen.length, new Set(seen).size])
      },
    })
    const broker = createSimulatedBroker({ system: realSystem })
    const stores = lmdbStores({ path, system: realSystem, flushDelay: 5 })
    const running = await run(graphOf(operating), { log: broker.connect(realSystem, 'pod'), stores })
    const source = { codec: numbers, topic: 'in' }
    await running.send(source, { key: 'k', value: 1 }, { key: 'k', value: 2 }, { key: 'k', value: 3 })
    await expect.poll(() => results.length, { timeout: 20_000 }).toBe(2)
    await running.stop()
    expect(results).toEqual([
      [2_001, 2_001],
      [2_001, 2_001],
    ])
  })
})
