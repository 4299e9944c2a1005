/** Figures of the flow, from two reports of each pod. */
import { expect, it } from 'vitest'
import { flowFigures, type ReportPair } from '#admin/flow-figures.ts'
import type { FlowGraph } from '#admin/flow-graph.ts'
import type { PodReport } from '#engine/client/pod-report.ts'

const GRAPH: FlowGraph = {
  stages: [{ name: 'work', tasks: 2, operators: ['work'], waitsMs: [] }],
  topics: [
    { name: 'in', kind: 'source' },
    { name: 'out', kind: 'topic' },
  ],
  edges: [
    { from: 'in', to: 'work', kind: 'reads' },
    { from: 'work', to: 'out', kind: 'writes' },
  ],
}

interface Told {
  readonly at: number
  readonly recordsIn: number
  readonly written: number
  readonly startedAt?: number
  readonly lag?: number
}

const report = ({ at, recordsIn, written, startedAt = 0, lag = 0 }: Told): PodReport => ({
  ...{
    version: 1,
    pod: 'one',
    release: '1',
    at,
    startedAt,
    phase: 'running',
    commits: 0,
    uncommittedAgeMs: 0,
    limits: {},
  },
  tasks: [
    { name: 'work/0', phase: 'running' },
    { name: 'work/1', phase: 'blocked', blockedBy: 'no such codec' },
  ],
  stages: [
    {
      ...{ stage: 'work', inFlight: 2, inFlightMax: 10, lag, oldestWaitingMs: 700 },
      counters: {
        recordsIn,
        recordsOut: written,
        failed: 0,
        dead: 0,
        busyMs: at * 0.75,
        backPressuredMs: 0,
        idleMs: at * 0.25,
      },
    },
  ],
  sources: [{ stage: 'work', topic: 'in', lag }],
  written: { out: written },
})

const pair = (last: Told, before?: Told): ReportPair => ({
  last: report(last),
  before: before && report(before),
})

it('rates lie between two reports, and add up over pods', () => {
  const one = pair({ at: 2_000, recordsIn: 30, written: 10, lag: 60 }, { at: 0, recordsIn: 10, written: 0 })
  const { stages, topics } = flowFigures(GRAPH, [one, one])
  expect(stages[0]).toMatchObject({
    in: 20,
    out: 10,
    inFlight: 4,
    limit: 20,
    lag: 120,
    catchUpS: 6,
    tasks: 4,
    blocked: 2,
  })
  expect(stages[0]).toMatchObject({ busy: 0.75, held: 0, idle: 0.25 })
  expect(topics).toEqual([
    { name: 'in', perSecond: 20, waiting: 120 },
    { name: 'out', perSecond: 10, waiting: null },
  ])
})

it('without an earlier report, and over a restart, there is no rate', () => {
  const later = { at: 2_000, recordsIn: 3, written: 1, startedAt: 1_000 }
  for (const one of [pair(later), pair(later, { at: 500, recordsIn: 900, written: 900 })]) {
    const { stages, topics } = flowFigures(GRAPH, [one])
    expect([stages[0]?.in, topics[1]?.perSecond]).toEqual([null, null])
  }
})

it('a report of an earlier version has lags, and no rates', () => {
  const { stages: [stage] = [], ...rest } = report({ at: 1, recordsIn: 1, written: 1, lag: 5 })
  const { counters: _, ...bare } = stage ?? {
    stage: 'work',
    inFlight: 0,
    inFlightMax: 0,
    lag: 0,
    oldestWaitingMs: 0,
  }
  const old = { ...rest, stages: [bare] }
  const found = flowFigures(GRAPH, [{ last: old, before: { ...old, at: 0 } }])
  expect(found.stages[0]).toMatchObject({ in: null, lag: 5, catchUpS: null })
})

it('no pod, no figure that is taken for one', () => {
  const { stages, topics, blocked } = flowFigures(GRAPH, [])
  expect([stages[0]?.in, stages[0]?.tasks, topics[0]?.perSecond, blocked]).toEqual([null, 0, null, []])
})

it('a blocked task is named with its reason', () => {
  expect(flowFigures(GRAPH, [pair({ at: 1, recordsIn: 0, written: 0 })]).blocked).toEqual([
    { pod: 'one', task: 'work/1', reason: 'no such codec' },
  ])
})
