/** What a pod stores and trims now and then: what has failed once is done the next time, however idle it is meanwhile. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { operator } from '#core/operator.ts'
import { SimulatedLog } from '#engine/log/simulated/client.ts'
import { SimulatedMembership } from '#engine/log/simulated/membership.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const copy = operator({
  name: 'copy',
  input: numbers,
  outputs: { out: numbers },
  process: (record, ctx) => ctx.emit('out', record.value),
})
const wait = operator({
  name: 'wait',
  input: numbers,
  outputs: { out: numbers },
  process: (record, ctx) => ctx.emit('out', record.value, { notBefore: ctx.now + 1_000 }),
})

const POSITIONS = { limits: { positionInterval: 1_000 } }
const positionOf = async (kit: TestKit) => {
  const [position] = await kit.wait(kit.log.groupPositions('app', [{ topic: 'in', partition: 0 }]))
  return position
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the position of a partition', () => {
  it.each(['refuse', 'loseRequest'] as const)(
    'the position of a partition is stored though its first storing failed: %s',
    async fault => {
      await using kit = await testTopology(graphOf(copy), POSITIONS)
      kit.faults[fault]('pod-1', 'positions')
      await kit.send('in', ...recordsOf(1, 5))
      await kit.advance(1_500)
      expect(await positionOf(kit)).toBeUndefined()
      await kit.advance('1m')
      expect(await positionOf(kit)).toBe(5)
    },
  )

  it('the position of a partition is not stored again while it does not move', async () => {
    await using kit = await testTopology(graphOf(copy), POSITIONS)
    await kit.send('in', ...recordsOf(1, 5))
    await kit.advance('3s')
    kit.faults.wipeClaims('in')
    await kit.advance('10s')
    expect(await positionOf(kit)).toBeUndefined()
  })
})

describe('a tier of a delay', () => {
  it('a tier of a delay is trimmed though its first trimming failed', async () => {
    await using kit = await testTopology(graphOf(wait, { tiers: [1_000] }))
    const startOf = async () => {
      const [bounds] = await kit.wait(kit.log.bounds([{ topic: 'app.delay.1s', partition: 0 }]))
      return bounds?.start
    }
    await kit.send('in', ...recordsOf(1, 5))
    await kit.advance('5s')
    kit.faults.refuse('pod-1', 'topics')
    await kit.advance('10s')
    expect(kit.read('out')).toHaveLength(5)
    expect(await startOf()).toBe(0)
    await kit.advance('20s')
    expect(await startOf()).toBeGreaterThan(0)
  })

  it('a tier of a delay is trimmed only behind what is committed, however slow commits are', async () => {
    const trim = vi.spyOn(SimulatedLog.prototype, 'trim')
    await using kit = await testTopology(graphOf(wait, { tiers: [1_000] }))
    kit.faults.delayRequest('pod-1', 'endTransaction', '430ms', 100)
    let sent = 0
    for (; trim.mock.calls.length === 0; await kit.advance(50))
      await kit.send('in', { key: 'a', value: sent++ })
    kit.crash()
    kit.faults.clear()
    await kit.restart()
    await kit.advance('1m')
    expect(kit.read('out')).toHaveLength(sent)
  })
})

describe('what the brokers refuse again and again', () => {
  const REFUSED = new CaudalError('ACCESS_REFUSED', { right: 'DELETE', resource: 'it', reason: 'no right' })
  const AWAY = new CaudalError('LOG_UNAVAILABLE', { reason: 'no answer' })
  const warned = (kit: TestKit, text: string) =>
    kit.logs
      .filter(({ level, message }) => level === 'warn' && message.startsWith(text))
      .map(({ fields }) => Object(fields).code)
  it('a tier that cannot be trimmed is warned of once for each code, and again after it was trimmed', async () => {
    const trim = vi.spyOn(SimulatedLog.prototype, 'trim').mockRejectedValue(REFUSED)
    await using kit = await testTopology(graphOf(wait, { tiers: [1_000] }))
    await kit.send('in', ...recordsOf(1, 5).map(each => ({ ...each, key: 'a' })))
    await kit.advance('1m')
    expect(trim.mock.calls.length).toBeGreaterThan(3)
    expect(warned(kit, 'a tier was not trimmed')).toEqual(['ACCESS_REFUSED'])
    trim.mockRejectedValue(AWAY)
    await kit.advance('1m')
    expect(warned(kit, 'a tier was not trimmed')).toEqual(['ACCESS_REFUSED', 'LOG_UNAVAILABLE'])
    trim.mockRestore()
    await kit.advance('1m')
    vi.spyOn(SimulatedLog.prototype, 'trim').mockRejectedValue(AWAY)
    await kit.send('in', ...recordsOf(6, 7).map(each => ({ ...each, key: 'a' })))
    await kit.advance('1m')
    expect(warned(kit, 'a tier was not trimmed')).toEqual([
      'ACCESS_REFUSED',
      'LOG_UNAVAILABLE',
      'LOG_UNAVAILABLE',
    ])
  })

  it.each([
    ['without the right to store positions, one warning says so', REFUSED, ['ACCESS_REFUSED']],
    ['positions that a log out of reach does not store are no warning', AWAY, []],
  ])('%s', async (_, error, codes) => {
    const store = vi.spyOn(SimulatedMembership.prototype, 'commitPositions').mockRejectedValue(error)
    await using kit = await testTopology(graphOf(copy), POSITIONS)
    await kit.send('in', ...recordsOf(1, 5))
    await kit.advance('1m')
    expect(store.mock.calls.length).toBeGreaterThan(3)
    expect(warned(kit, 'positions were not stored')).toEqual(codes)
  })
})
