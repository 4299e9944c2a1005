/** Time to live: what was not written for so long is invisible at once, and swept from the state topic later. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf, numbers } from './graph.ts'

const TTL_MS = 60_000

/** Emits what it remembers of a key, and remembers the value. */
const remember = operator({
  name: 'remember',
  input: numbers,
  outputs: { out: numbers },
  state: {
    last: state.value(numbers, { ttl: TTL_MS }),
    all: state.map(numbers, { ttl: TTL_MS }),
    kept: state.value(numbers),
  },
  process(record, ctx) {
    ctx.emit('out', (ctx.state.last.get() ?? 0) * 100 + [...ctx.state.all.entries()].length)
    if (record.value === 0) return
    ctx.state.last.set(record.value)
    ctx.state.all.set(`entry-${record.value}`, record.value)
    ctx.state.kept.set(record.value)
  },
})

describe('state with a time to live', () => {
  it('state with a time to live is there until its time is over, counted from the last write', async () => {
    await using kit = await testTopology(graphOf(remember))
    await kit.send('in', { key: 'a', value: 7 })
    await kit.advance(TTL_MS - 1)
    await kit.send('in', { key: 'a', value: 8 })
    await kit.advance(TTL_MS - 1)
    await kit.send('in', { key: 'a', value: 0 })
    await kit.advance(1)
    await kit.send('in', { key: 'a', value: 0 })
    await kit.settle()
    expect(kit.read('out')).toEqual([0, 701, 801, 0])
    expect(kit.state('remember', 'kept', 'a')).toBe(8)
  })

  it('state with a time to live is swept from the state topic, without any record of its key', async () => {
    await using kit = await testTopology(graphOf(remember))
    await kit.send('in', { key: 'a', value: 7 })
    await kit.advance(TTL_MS + 10_000)
    const reader = kit.log.openReader({ topic: 'app.remember.state', partition: 0 }, 0)
    const { records } = await kit.wait(reader.next(10_000))
    reader.close()
    const last = new Map(records.map(({ key, value }) => [Buffer.from(key ?? []).toString(), value]))
    const left = [...last].flatMap(([entry, bytes]) => (/^[vm]/.test(entry) && bytes ? [entry] : []))
    expect(left).toEqual(['vremember/kept/a'])
  })

  it('state with a time to live does not come back after a crash', async () => {
    await using kit = await testTopology(graphOf(remember))
    await kit.send('in', { key: 'a', value: 7 })
    await kit.settle()
    kit.crash()
    await kit.advance(TTL_MS)
    await kit.restart()
    await kit.send('in', { key: 'a', value: 0 })
    await kit.settle()
    expect(kit.read('out')).toEqual([0, 0])
  })
})
