/** The plain numbers of the pods of this process as families: each stage and each histogram once, over all of the pods. */
import { type DiagnosticEvents, subscribe } from '#core/diagnostics.ts'
import { LIMIT_NAMES, LIMITS } from '#core/limits.ts'
import {
  HISTOGRAM_BOUNDS_MS,
  Histogram,
  lagOf,
  type MetricDescription,
  POD_METRICS,
  type PodMetrics,
  type ReadPlace,
  STAGE_METRICS,
} from '#core/pod-metrics.ts'
import { partitionKey } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { labelValue } from './counts.ts'
import type { Buckets, Child, Family, Labels, Row } from './family.ts'
import { ENGINE_ROWS } from './table.ts'

/** A log that does not answer must not keep a scrape. */
const ENDS_WITHIN_MS = 1_000
const BOUNDS: readonly number[] = HISTOGRAM_BOUNDS_MS.map(bound => bound / 1_000)

type Started = DiagnosticEvents['caudal:pod:started']

/** Rows of the figures that the engine describes itself. */
export const POD_ROWS: readonly Row[] = Object.values(POD_METRICS).map(each => rowOf(each, []))
export const STAGE_ROWS: readonly Row[] = Object.values(STAGE_METRICS).map(each => rowOf(each, ['stage']))
export const LIMIT_ROWS: readonly Row[] = LIMIT_NAMES.map(name => {
  const { metric, description } = LIMITS[name]
  return { metric, kind: 'gauge', labels: [], description }
})

export class PodFamilies {
  readonly #system: System
  readonly #pods = new Map<string, Started>()
  readonly #ends = new Map<string, number>()
  #cancels: (() => void)[] = []
  /** Scrapes in which the log did not answer. */
  unanswered = 0

  constructor(system: System) {
    this.#system = system
  }

  /** Knows the pods that start from here on. */
  start(): void {
    this.#cancels = [
      subscribe('caudal:pod:started', started => void this.#pods.set(started.pod, started)),
      subscribe('caudal:pod:stopped', ({ pod }) => void this.#pods.delete(pod)),
    ]
  }

  stop(): void {
    for (const cancel of this.#cancels.splice(0)) cancel()
  }

  async families(): Promise<readonly Family[]> {
    const read = [...this.#pods.values()].map(pod => ({ pod, metrics: pod.metrics() }))
    await Promise.all(read.map(({ pod, metrics }) => this.#askEnds(pod, metrics)))
    const all = read.map(({ metrics }) => metrics)
    return [
      { row: ENGINE_ROWS.info, children: read.map(({ pod }) => infoOf(pod)) },
      ...podFamilies(all),
      ...stageFamilies(all),
      { row: ENGINE_ROWS.lag, children: this.#lags(all) },
      { row: ENGINE_ROWS.restoring, children: this.#restores(all) },
      { row: ENGINE_ROWS.written, children: writtenBy(all) },
      ...limitFamilies(read.map(({ pod }) => pod)),
    ]
  }

  /** Where the log does not answer in time, the ends that it said last stand. */
  async #askEnds({ ends }: Started, { sources, restoring }: PodMetrics): Promise<void> {
    const places = [...sources, ...restoring]
    if (places.length === 0) return
    const answer = await this.#inTime(ends(places))
    if (!answer) this.unanswered++
    for (const [index, place] of places.entries()) {
      const end = answer?.[index]
      if (end !== undefined) this.#ends.set(partitionKey(place), end)
    }
  }

  #inTime<T>(asked: Promise<T>): Promise<T | undefined> {
    return new Promise(resolve => {
      const cancel = this.#system.after(ENDS_WITHIN_MS, () => resolve(undefined))
      asked.then(resolve, () => resolve(undefined)).finally(cancel)
    })
  }

  #lags(all: readonly PodMetrics[]): readonly Child[] {
    const sums = new Sums('stage', 'topic')
    for (const { sources } of all)
      for (const place of sources) sums.add(this.#lagOf(place), place.stage, place.topic)
    return sums.children
  }

  #restores(all: readonly PodMetrics[]): readonly Child[] {
    const sums = new Sums('stage')
    for (const { restoring } of all) for (const place of restoring) sums.add(this.#lagOf(place), place.stage)
    return sums.children
  }

  #lagOf(place: ReadPlace): number {
    return lagOf(place, this.#ends.get(partitionKey(place)))
  }
}

/** Numbers that are added up by the values of their labels. */
class Sums {
  readonly #names: readonly string[]
  readonly #sums = new Map<string, { readonly labels: Labels; value: number }>()

  constructor(...names: readonly string[]) {
    this.#names = names
  }

  add(value: number, ...values: readonly string[]): void {
    const key = values.join('\u0000')
    const labels = Object.fromEntries(
      this.#names.map((name, index) => [name, labelValue(values[index] ?? '')]),
    )
    const sum = this.#sums.get(key) ?? { labels, value: 0 }
    this.#sums.set(key, sum)
    sum.value += value
  }

  get children(): readonly Child[] {
    return [...this.#sums.values()]
  }
}

/** Fields that end in `Ms` are exported in seconds. */
const isMs = (field: string): boolean => field.endsWith('Ms')

function rowOf({ metric, kind, description }: MetricDescription, labels: readonly string[]): Row {
  return { metric, kind, labels, description }
}

/** `pod` is the label that Prometheus gives itself to what it finds in Kubernetes. */
function infoOf({ application, name }: Started): Child {
  return { labels: { application, pod_name: labelValue(name), node: process.version }, value: 1 }
}

function podFamilies(all: readonly PodMetrics[]): readonly Family[] {
  return Object.entries(POD_METRICS).map(([field, description]) => {
    const figures = all.map(metrics => figureOf(metrics, field))
    return {
      row: rowOf(description, []),
      children: figures.length === 0 ? [] : [{ labels: {}, value: together(description, field, figures) }],
    }
  })
}

function stageFamilies(all: readonly PodMetrics[]): readonly Family[] {
  const names = [...new Set(all.flatMap(({ stages }) => [...stages.keys()]))]
  return Object.entries(STAGE_METRICS).map(([field, description]) => {
    const children = names.map(name => {
      const figures = all.flatMap(({ stages }) => stages.get(name) ?? []).map(stage => figureOf(stage, field))
      return { labels: { stage: labelValue(name) }, value: together(description, field, figures) }
    })
    return { row: rowOf(description, ['stage']), children }
  })
}

function writtenBy(all: readonly PodMetrics[]): readonly Child[] {
  const sums = new Sums('topic')
  for (const { written } of all) for (const [topic, records] of written) sums.add(records, topic)
  return sums.children
}

/** Of the pod that was started last, as the pods of one process have the same. */
function limitFamilies(pods: readonly Started[]): readonly Family[] {
  const limits = pods.at(-1)?.limits
  return LIMIT_NAMES.map((name, index) => {
    const scale = LIMITS[name].unit === 'ms' ? 1_000 : 1
    const children = limits ? [{ labels: {}, value: limits[name] / scale }] : []
    return { row: LIMIT_ROWS[index] ?? ENGINE_ROWS.info, children }
  })
}

/** A number or a histogram, as the descriptions name no other field. */
const figureOf = (figures: object, field: string): unknown => Reflect.get(figures, field)

/** Of all pods together; the age of the oldest is the oldest of all. */
function together({ kind }: MetricDescription, field: string, figures: readonly unknown[]): number | Buckets {
  const histograms = figures.filter(each => each instanceof Histogram)
  if (histograms.length > 0) return bucketsOf(histograms)
  const numbers = figures.map(Number)
  if (!isMs(field)) return sum(numbers)
  return (kind === 'gauge' ? Math.max(...numbers) : sum(numbers)) / 1_000
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

function bucketsOf(histograms: readonly Histogram[]): Buckets {
  const counts = BOUNDS.concat(0).map((_, index) => sum(histograms.map(({ counts }) => counts[index] ?? 0)))
  return { bounds: BOUNDS, counts, sum: sum(histograms.map(({ sumMs }) => sumMs)) / 1_000 }
}
