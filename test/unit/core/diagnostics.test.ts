/** Diagnostics: messages reach their subscribers and nobody else; every figure has a name and a meaning. */
import { subscribe as nodeSubscribe, unsubscribe as nodeUnsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { DIAGNOSTIC_NAMES, type DiagnosticEvents, publish, subscribe } from '#core/diagnostics.ts'
import {
  HISTOGRAM_BOUNDS_MS,
  Histogram,
  POD_METRICS,
  PodMetrics,
  STAGE_METRICS,
  StageMetrics,
} from '#core/pod-metrics.ts'

const COMMIT: DiagnosticEvents['caudal:commit'] = {
  pod: 'a',
  number: 1,
  tasks: 2,
  records: 30,
  durationMs: 5,
}

describe('channels', () => {
  it('carry a message to every subscriber of its name until they leave', () => {
    const seen: unknown[] = []
    const leave = subscribe('caudal:commit', message => seen.push(message.number))
    const leaveToo = subscribe('caudal:commit', message => seen.push(message.pod))
    const leaveOther = subscribe('caudal:stall', message => seen.push(message))
    publish('caudal:commit', COMMIT)
    expect(seen).toEqual([1, 'a'])
    for (const end of [leave, leaveToo, leaveOther]) end()
    publish('caudal:commit', COMMIT)
    expect(seen).toEqual([1, 'a'])
  })

  it('channels are those of Node, open to any tool', () => {
    const seen: unknown[] = []
    const listener = (message: unknown, name: string | symbol) => seen.push([name, message])
    nodeSubscribe('caudal:commit', listener)
    publish('caudal:commit', COMMIT)
    nodeUnsubscribe('caudal:commit', listener)
    expect(seen).toEqual([['caudal:commit', COMMIT]])
  })

  it('channels are named once each, below one prefix', () => {
    expect(new Set(DIAGNOSTIC_NAMES).size).toBe(DIAGNOSTIC_NAMES.length)
    for (const name of DIAGNOSTIC_NAMES) expect(name).toMatch(/^caudal(:[a-z]+){1,2}$/)
  })
})

describe('Histogram', () => {
  it('Histogram counts each value in the first bucket that is not below it', () => {
    const histogram = new Histogram()
    for (const value of [0, 1, 1.5, 2, 60_000, 60_001, 1e9]) histogram.add(value)
    expect(histogram.counts[0]).toBe(2)
    expect(histogram.counts[1]).toBe(2)
    expect(histogram.counts.at(-2)).toBe(1)
    expect(histogram.counts.at(-1)).toBe(2)
    expect([histogram.count, histogram.sumMs]).toEqual([7, 1_000_120_005.5])
    expect(histogram.counts).toHaveLength(HISTOGRAM_BOUNDS_MS.length + 1)
  })

  it('Histogram tells quantiles by the upper bound of their bucket', () => {
    const histogram = new Histogram()
    expect(histogram.quantile(0.5)).toBe(0)
    for (let i = 0; i < 98; i++) histogram.add(4)
    histogram.add(150)
    histogram.add(1e6)
    expect([0, 0.5, 0.98, 0.99, 1].map(share => histogram.quantile(share))).toEqual([
      5,
      5,
      5,
      200,
      Number.POSITIVE_INFINITY,
    ])
  })
})

describe('metrics', () => {
  it('metrics keep one set of figures for each stage', () => {
    const metrics = new PodMetrics()
    metrics.stage('score').recordsIn += 2
    metrics.stage('score').recordsIn += 1
    metrics.stage('count').dead += 1
    expect([...metrics.stages].map(([name, { recordsIn, dead }]) => [name, recordsIn, dead])).toEqual([
      ['score', 3, 0],
      ['count', 0, 1],
    ])
  })

  it.each([
    ['stage', STAGE_METRICS, new StageMetrics()],
    ['pod', POD_METRICS, new PodMetrics()],
  ])('metrics of a %s are all described, by kind', (_, descriptions, metrics) => {
    const figures = Object.entries(metrics).filter(
      ([, figure]) => !(figure instanceof Map || Array.isArray(figure)),
    )
    expect(Object.keys(descriptions).toSorted()).toEqual(figures.map(([name]) => name).toSorted())
    for (const [name, figure] of figures) {
      const { kind } = Object.entries(descriptions).find(([described]) => described === name)?.[1] ?? {}
      expect(kind === 'histogram', name).toBe(figure instanceof Histogram)
    }
  })

  it('metrics have names that Prometheus takes, each once', () => {
    const all = [...Object.values(STAGE_METRICS), ...Object.values(POD_METRICS)]
    expect(new Set(all.map(({ metric }) => metric)).size).toBe(all.length)
    for (const { metric, kind } of all) {
      expect(metric).toMatch(/^caudal_[a-z_]+$/)
      expect(metric.endsWith('_total'), metric).toBe(kind === 'counter')
    }
  })
})
