/** Pods that report about themselves, on virtual time, as a command and a follower see them. */
import { describe, expect, it } from 'vitest'
import { hasReports, type KnownPod, PodWatch, podsNow } from '#admin/pods.ts'
import { CaudalError } from '#core/errors.ts'
import { silent } from '#core/loggers.ts'
import { operator } from '#core/operator.ts'
import { NO_HEADERS } from '#core/record.ts'
import { podsTopic } from '#engine/client/pod-report.ts'
import { PodReporting } from '#engine/client/pod-reporting.ts'
import { decodeReport } from '#engine/client/report-reading.ts'
import { run } from '#engine/client/run.ts'
import type { Log } from '#engine/log/log.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { topology } from '#topology/index.ts'
import { withLog } from '../../simulation/planted/delegate.ts'
import { numbers } from '../engine/behaviour/graph.ts'

/** Never ends what it has begun, so that something is in flight and the rest waits. */
const stuck = operator({
  name: 'stuck',
  input: numbers,
  outputs: {},
  limits: { inFlightMax: 2, timeout: '1h' },
  process: () => new Promise(() => undefined),
})

function graph() {
  const graph = topology('app')
  graph.source('in', { value: numbers, partitions: 2 }).process('stuck', stuck)
  return graph.build()
}

function setUp() {
  const time = new VirtualTime(1)
  const broker = createSimulatedBroker({ system: time.system })
  const outside = broker.connect(time.system, 'outside')
  const warnings: string[] = []
  const logger = { ...silent, warn: (message: string) => void warnings.push(message) }
  const start = async (name: string, reportsTo = (log: Log) => log) => {
    const system = time.systemFor(name)
    const log = broker.connect(system, name)
    const running = await time.settle(run(graph(), { log, system, name, logger: silent }))
    const reporting = new PodReporting(running, { log: reportsTo(log), release: '1.2.3', logger, system })
    reporting.start()
    return { running, reporting, system }
  }
  const pods = () => time.settle(podsNow(outside, 'app', time.system))
  return { time, outside, start, pods, warnings }
}

const told = (pods: readonly KnownPod[]) => pods.map(({ pod, isSilent }) => [pod, isSilent])

it('a pod reports its tasks, what is in flight and what waits', async () => {
  const { time, start, pods } = setUp()
  const { running } = await start('one')
  await time.settle(
    running.send({ topic: 'in', codec: numbers }, ...[1, 2, 3, 4, 5].map(value => ({ value }))),
  )
  await time.runFor(10_000)
  const [one] = await pods()
  expect(one).toMatchObject({ pod: 'one', release: '1.2.3', phase: 'running', isSilent: false })
  expect(one?.tasks.map(({ name, phase }) => [name, phase])).toEqual([
    ['stuck/0', 'running'],
    ['stuck/1', 'running'],
  ])
  expect(one?.stages).toMatchObject([{ stage: 'stuck', inFlight: 2, inFlightMax: 2, lag: 5 }])
  expect(one?.limits.inFlightMax).toBe(10_000)
  expect(one?.heardAgoMs).toBeLessThanOrEqual(2_100)
})

it('a pod that dies is silent after ten seconds; a pod that leaves is gone at once', async () => {
  const { time, start, pods } = setUp()
  const { system } = await start('dies')
  const leaves = await start('leaves')
  await time.runFor(10_000)
  system.kill()
  await time.runFor(9_000)
  expect(told(await pods())).toEqual([
    ['dies', false],
    ['leaves', false],
  ])
  await time.runFor(4_000)
  expect(told(await pods())).toEqual([
    ['dies', true],
    ['leaves', false],
  ])
  await time.settle(leaves.reporting[Symbol.asyncDispose]())
  expect(told(await pods())).toEqual([['dies', true]])
  await time.runFor(25 * 3_600_000)
  expect(await pods()).toEqual([])
})

it('a follower counts silence from the arrival of a report, whatever the clock of the pod says', async () => {
  const { time, outside, start } = setUp()
  const { system } = await start('one')
  await time.runFor(3_000)
  const watch = new PodWatch({ ...time.system, now: () => time.system.now() - 3_600_000 })
  await time.settle(watch.start(outside, 'app'))
  await time.runFor(4_000)
  expect(told(watch.pods)).toEqual([['one', false]])
  system.kill()
  await time.runFor(11_000)
  expect(told(watch.pods)).toEqual([['one', true]])
  watch.close()
})

it('a log that refuses reports is named once, and the pod works on', async () => {
  const { time, start, warnings } = setUp()
  let isRefused = true
  const refusing = (log: Log) =>
    withLog(log, {
      append: batches =>
        isRefused
          ? Promise.reject(new CaudalError('LOG_UNAVAILABLE', { reason: 'away' }))
          : log.append(batches),
    })
  const { running } = await start('one', refusing)
  await time.runFor(20_000)
  expect(warnings).toEqual(['the pod could not write its report; records are still processed'])
  expect(running.status().phase).toBe('running')
  isRefused = false
  await time.runFor(5_000)
  isRefused = true
  await time.runFor(5_000)
  expect(warnings).toHaveLength(2)
})

it('the end of a pod does not wait for a log that hangs', async () => {
  const { time, start } = setUp()
  const { reporting } = await start('one', log =>
    withLog(log, { append: () => new Promise(() => undefined) }),
  )
  await time.runFor(3_000)
  await time.settle(reporting[Symbol.asyncDispose](), 3_000)
})

it('what is no report is passed over, and a report of a later version is read', async () => {
  const { time, outside, start, pods } = setUp()
  expect(await time.settle(hasReports(outside, 'app'))).toBe(false)
  await start('one')
  await time.runFor(3_000)
  expect(await time.settle(hasReports(outside, 'app'))).toBe(true)
  const later = {
    ...{ version: 7, pod: 'later', release: '9', at: time.system.now(), startedAt: 0, phase: 'dreaming' },
    ...{ tasks: [], stages: [], commits: 0, uncommittedAgeMs: 0, limits: {}, more: { of: 'it' } },
  }
  const values = ['not JSON', '{}', 'null', '{"version":0}'].map(text => ['one', text] as const)
  const records = [...values, ['later', JSON.stringify(later)] as const].map(([key, text]) => ({
    ...{ key: Buffer.from(key), value: Buffer.from(text), headers: NO_HEADERS, timestamp: 1 },
  }))
  await time.settle(outside.append([{ topic: podsTopic('app'), partition: 0, records }]))
  expect((await pods()).map(({ pod, phase }) => [pod, phase])).toEqual([
    ['later', 'dreaming'],
    ['one', 'running'],
  ])
})

const lists = (all: readonly unknown[]) => ({
  ...{ tasks: all, stages: all, sources: all, providers: all, work: all, limits: all },
})

describe('a report of a later version', () => {
  const BASE = { version: 2, pod: 'later', release: '9', at: 5, startedAt: 4, phase: 'dreaming' }
  const READ = { ...BASE, tasks: [], stages: [], commits: 0, uncommittedAgeMs: 0, limits: {} }
  const STAGE = { stage: 's', inFlight: 0, inFlightMax: 0, lag: 0, oldestWaitingMs: 0 }

  it.each<[string, object, object]>([
    ['without fields that it had', {}, {}],
    ['with nothing in its lists', lists([null]), { sources: [], providers: [], work: [] }],
    ['with texts in its lists', lists(['x']), { sources: [], providers: [], work: [] }],
    ['with objects without names', lists([{}]), { sources: [], providers: [], work: [] }],
    ['whose stage has other figures', { stages: [{ stage: 's', queued: 5 }] }, { stages: [STAGE] }],
    ['whose figures are texts', { stages: [{ ...STAGE, lag: '5' }], commits: '5' }, { stages: [STAGE] }],
    [
      'whose stage has other counters',
      { stages: [{ ...STAGE, counters: { recordsIn: 5 } }] },
      { stages: [{ counters: { recordsIn: 5, recordsOut: 0, idleMs: 0 } }] },
    ],
    ['whose task has no phase', { tasks: [{ name: 's/0' }] }, { tasks: [{ name: 's/0', phase: 'unknown' }] }],
    ['that began at no time', { startedAt: 1e300 }, { startedAt: 5 }],
    ['whose limits are texts', { limits: { a: 1, b: 'x' } }, { limits: { a: 1 } }],
    ['with further fields', { more: { of: 'it' } }, {}],
  ])('%s is read', (_, more, read) => {
    const report = decodeReport(Buffer.from(JSON.stringify({ ...BASE, ...more })))
    expect(report).toMatchObject({ ...READ, ...read })
    expect(report).not.toHaveProperty('more')
  })

  it.each([{ at: 1e300 }, { at: '5' }, { pod: 5 }, { phase: null }])('%j is no report', more =>
    expect(decodeReport(Buffer.from(JSON.stringify({ ...READ, ...more })))).toBeUndefined(),
  )
})
