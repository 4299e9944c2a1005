/** The computed figures of stages: time shares, ages, phases, what is written, how far sources are read. */
import { expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { type DiagnosticEvents, subscribe } from '#core/diagnostics.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

/** Each record waits until the test lets it go. */
function holding(inFlightMax: number) {
  const waiting: (() => void)[] = []
  const hold = operator({
    name: 'hold',
    input: numbers,
    outputs: { out: codec.text },
    limits: { inFlightMax },
    async process(record, ctx) {
      await new Promise<void>(go => waiting.push(go))
      ctx.emit('out', String(record.value))
    },
  })
  const release = () => {
    for (const go of waiting.splice(0)) go()
  }
  return { hold, release }
}

it('a stage is busy with records in progress, back-pressured with more than it may start, idle without any', async () => {
  const { hold, release } = holding(2)
  await using kit = await testTopology(graphOf(hold))
  const times = () => {
    const stage = kit.pods[0]?.running.metrics.stages.get('hold')
    return [stage?.busyMs ?? 0, stage?.backPressuredMs ?? 0, stage?.idleMs ?? 0] as const
  }
  const passed = async () => {
    const before = times()
    await kit.advance('10s')
    return times().map((now, index) => now - (before[index] ?? 0))
  }
  expect(await passed()).toEqual([0, 0, 10_000])
  await kit.send('in', { key: 'a', value: 1 }, { key: 'b', value: 2 })
  await kit.advance('1s')
  expect(await passed()).toEqual([10_000, 0, 0])
  await kit.send('in', { key: 'c', value: 3 })
  await kit.advance('1s')
  expect(await passed()).toEqual([0, 10_000, 0])
  release()
  await kit.advance('1s')
  release()
  await kit.settle()
  expect(await passed()).toEqual([0, 0, 10_000])
})

it('ages grow while records wait and nothing is committed, and are nothing when all is done', async () => {
  const { hold, release } = holding(1)
  await using kit = await testTopology(graphOf(hold))
  const stage = () => kit.pods[0]?.running.metrics.stages.get('hold')
  // Time without anything to do is no age.
  await kit.advance('60s')
  await kit.send('in', ...recordsOf(1, 3))
  await kit.advance('30s')
  expect(stage()).toMatchObject({ inFlight: 1, inFlightMax: 1, buffered: 2 })
  expect(stage()?.oldestWaitingMs).toBeGreaterThanOrEqual(30_000)
  expect(stage()?.checkpointAgeMs).toBeGreaterThan(29_000)
  expect(stage()?.checkpointAgeMs).toBeLessThan(31_000)
  for (let rest = 0; rest < 3; rest++) {
    release()
    await kit.advance('1s')
  }
  await kit.settle()
  expect(stage()).toMatchObject({ oldestWaitingMs: 0, checkpointAgeMs: 0, buffered: 0 })
})

it('outputs are counted by topic when their commit has taken place, and sources say how far they are read', async () => {
  const { hold, release } = holding(100)
  const started: DiagnosticEvents['caudal:pod:started'][] = []
  const leave = subscribe('caudal:pod:started', message => started.push(message))
  await using kit = await testTopology(graphOf(hold))
  leave()
  const metrics = () => kit.pods[0]?.running.metrics
  await kit.send('in', ...recordsOf(1, 5))
  await kit.advance('1s')
  expect(metrics()?.written.get('out')).toBeUndefined()
  expect(metrics()?.sources).toMatchObject([{ stage: 'hold', topic: 'in', position: 5, unfinished: 5 }])
  release()
  await kit.settle()
  expect(metrics()?.written.get('out')).toBe(5)
  const sources = metrics()?.sources ?? []
  expect(sources).toMatchObject([{ unfinished: 0 }])
  const ends = started[0]?.ends(sources)
  await kit.advance('1s')
  expect(await ends).toEqual([sources[0]?.position])
})

it('entries of state are counted, and timers say how late they fired', async () => {
  const remind = operator({
    name: 'remind',
    input: numbers,
    outputs: { out: codec.text },
    state: { seen: state.value(numbers) },
    timers: ['due'],
    process(record, ctx) {
      ctx.state.seen.set(record.value)
      ctx.timers.set('due', ctx.now + 5_000)
    },
    onTimer(_, ctx) {
      ctx.emit('out', 'fired')
    },
  })
  await using kit = await testTopology(graphOf(remind))
  await kit.send('in', ...recordsOf(1, 4))
  await kit.settle()
  const stage = () => kit.pods[0]?.running.metrics.stages.get('remind')
  expect(stage()?.stateEntries).toBeGreaterThanOrEqual(8)
  // Each entry has a key.
  expect(stage()?.stateBytes).toBeGreaterThan(stage()?.stateEntries ?? Number.POSITIVE_INFINITY)
  await kit.advance('6s')
  expect(stage()?.timersFired).toBe(4)
  expect(stage()?.timerLateMs.count).toBe(4)
  expect(stage()?.timerLateMs.sumMs).toBeLessThan(4_000)
})
