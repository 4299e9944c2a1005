/** What a pod reports about itself: events on diagnostics channels, and metrics as plain numbers. */
import { type Channel, channel } from 'node:diagnostics_channel'
import type { Action } from './errors.ts'
import type { Limits } from './limits.ts'

/** The channels by name, each with the message that it carries. Messages are plain data and are not changed later. */
export interface DiagnosticEvents {
  /** A pod has started. Until the pod stops, `metrics` returns its current figures. */
  'caudal:pod:started': {
    readonly pod: string
    readonly application: string
    /** Their names as gauges are in `LIMITS`. */
    readonly limits: Limits
    readonly metrics: () => PodMetrics
  }
  'caudal:pod:stopped': { readonly pod: string; readonly reason: string | undefined }
  'caudal:group:joined': {
    readonly pod: string
    readonly generation: number
    readonly tasks: readonly string[]
  }
  'caudal:task:state': {
    readonly pod: string
    readonly task: string
    readonly from: string
    readonly to: string
  }
  /** How far the pod is with owning the task: `from` and `to` are phases of docs/ownership.md. */
  'caudal:task:ownership': {
    readonly pod: string
    readonly task: string
    readonly from: string
    readonly to: string
  }
  'caudal:task:restored': {
    readonly pod: string
    readonly task: string
    readonly records: number
    readonly durationMs: number
  }
  'caudal:commit': {
    readonly pod: string
    readonly number: number
    readonly tasks: number
    readonly records: number
    readonly durationMs: number
  }
  /** A commit did not succeed, or nobody knows; its producer is replaced. */
  'caudal:commit:failed': { readonly pod: string; readonly error: unknown }
  'caudal:record:failed': {
    readonly pod: string
    readonly task: string
    readonly node: string
    readonly id: string
    readonly attempt: number
    readonly action: Action
    readonly error: unknown
  }
  /** Another producer, whose pod is gone or silent, was fenced. */
  'caudal:fence': { readonly pod: string; readonly producer: string }
  /** A driver of the log makes a request again, after a pause: it failed with what passes by itself. */
  'caudal:log:retried': {
    readonly request: string
    readonly resource: string
    readonly waitMs: number
    readonly error: unknown
  }
  /** A driver of the log gave a request up: it was refused, or it failed for too long. */
  'caudal:log:refused': { readonly request: string; readonly resource: string; readonly error: unknown }
  /** A connection to a broker was lost, or cut as no answer came. */
  'caudal:log:disconnected': { readonly address: string; readonly reason: string }
  /** A call to a provider has ended; `errorType` says how it failed. Waiting for a turn is not part of the duration. */
  'caudal:model:call': {
    readonly provider: string
    readonly durationMs: number
    readonly errorType: string | undefined
  }
  /** A breaker of a provider has opened or closed; `trouble` says which one. */
  'caudal:model:breaker': {
    readonly provider: string
    readonly trouble: string
    readonly isOpen: boolean
    readonly reason: string | undefined
  }
  /** Nothing ran in this process for a while. */
  'caudal:stall': { readonly pod: string; readonly stalledMs: number }
}

export type DiagnosticName = keyof DiagnosticEvents

export const DIAGNOSTIC_NAMES = [
  'caudal:pod:started',
  'caudal:pod:stopped',
  'caudal:group:joined',
  'caudal:task:state',
  'caudal:task:ownership',
  'caudal:task:restored',
  'caudal:commit',
  'caudal:commit:failed',
  'caudal:record:failed',
  'caudal:fence',
  'caudal:stall',
  'caudal:log:retried',
  'caudal:log:refused',
  'caudal:log:disconnected',
  'caudal:model:call',
  'caudal:model:breaker',
] as const satisfies readonly DiagnosticName[]

const channels = new Map<DiagnosticName, Channel>(DIAGNOSTIC_NAMES.map(name => [name, channel(name)]))

/** Calls all subscribers with the message before it returns; without a subscriber it costs a look-up. Node reports what a subscriber throws as uncaught. */
export function publish<N extends DiagnosticName>(name: N, message: DiagnosticEvents[N]): void {
  const target = channels.get(name)
  if (target?.hasSubscribers) target.publish(message)
}

/** Calls `listener` for each message; the returned function ends it. */
export function subscribe<N extends DiagnosticName>(
  name: N,
  listener: (message: DiagnosticEvents[N]) => void,
): () => void {
  // Only `publish` writes to these channels, and it is typed by the same table.
  const untyped = (message: unknown) => listener(message as DiagnosticEvents[N])
  const target = channels.get(name)
  target?.subscribe(untyped)
  return () => void target?.unsubscribe(untyped)
}

/** Upper bounds of the buckets of every histogram, in milliseconds; a last bucket takes what is above them. */
export const HISTOGRAM_BOUNDS_MS: readonly number[] = Object.freeze([
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000,
])

/** Durations counted in fixed buckets. */
export class Histogram {
  /** One more than bounds; not cumulative. */
  readonly counts: number[] = new Array(HISTOGRAM_BOUNDS_MS.length + 1).fill(0)
  count = 0
  sumMs = 0

  add(durationMs: number): void {
    let bucket = 0
    while (durationMs > (HISTOGRAM_BOUNDS_MS[bucket] ?? Number.POSITIVE_INFINITY)) bucket++
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.count += 1
    this.sumMs += durationMs
  }

  /** The upper bound of the bucket that holds the quantile (0 to 1): infinite in the last one, 0 without any value. */
  quantile(share: number): number {
    let seen = 0
    if (this.count === 0) return 0
    const bucket = this.counts.findIndex(count => {
      seen += count
      return seen >= this.count * share && seen > 0
    })
    return HISTOGRAM_BOUNDS_MS[bucket] ?? Number.POSITIVE_INFINITY
  }
}

/** Figures of one stage in one pod, over all its tasks there. */
export class StageMetrics {
  recordsIn = 0
  recordsOut = 0
  /** Runs that failed, retried or not. */
  failed = 0
  retried = 0
  dead = 0
  timersFired = 0
  stepsRun = 0
  /** Steps whose result was found in the journal: calls that were not bought twice. */
  stepsReplayed = 0
  inFlight = 0
  /** Records that wait in a lane behind another one of their key. */
  waiting = 0
  buffered = 0
  tasks = 0
  /** How late records left the delay tiers, against when they were due. */
  readonly delayLateMs = new Histogram()
}

/** Figures of one pod. Counters only grow; the rest shows the present. The runtime increments the fields directly. */
export class PodMetrics {
  readonly stages = new Map<string, StageMetrics>()
  commits = 0
  commitRecords = 0
  commitBytes = 0
  commitsFailed = 0
  restores = 0
  rebalances = 0
  fences = 0
  claimsRefused = 0
  stalls = 0
  stagedRecords = 0
  stagedBytes = 0
  /** Records of global tables that could not be read; their keys kept the values that they had. */
  tableRecordsSkipped = 0
  readonly commitMs = new Histogram()
  readonly restoreMs = new Histogram()

  /** The stage's own figures; keep the result where records are counted. */
  stage(name: string): StageMetrics {
    let stage = this.stages.get(name)
    if (!stage) {
      stage = new StageMetrics()
      this.stages.set(name, stage)
    }
    return stage
  }
}

export interface MetricDescription {
  readonly metric: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly description: string
}

type Fields<T> = { readonly [K in keyof T as T[K] extends number | Histogram ? K : never]: MetricDescription }

const counter = (metric: string, description: string): MetricDescription => ({
  metric: `caudal_${metric}_total`,
  kind: 'counter',
  description,
})
const gauge = (metric: string, description: string): MetricDescription => ({
  metric: `caudal_${metric}`,
  kind: 'gauge',
  description,
})
const histogram = (metric: string, description: string): MetricDescription => ({
  metric: `caudal_${metric}_ms`,
  kind: 'histogram',
  description,
})

/** The exported name and meaning of each figure; those of stages carry the stage's name as a label. */
export const STAGE_METRICS: Fields<StageMetrics> = Object.freeze({
  recordsIn: counter('records_in', 'records started'),
  recordsOut: counter('records_out', 'records emitted'),
  failed: counter('records_failed', 'runs of records that failed, retried or not'),
  retried: counter('records_retried', 'runs of records after a failed one'),
  dead: counter('records_dead', 'records that became dead letters'),
  timersFired: counter('timers_fired', 'timers that fired'),
  stepsRun: counter('steps_run', 'durable steps that were run'),
  stepsReplayed: counter('steps_replayed', 'durable steps whose result was found in the journal'),
  inFlight: gauge('records_in_flight', 'records in progress'),
  waiting: gauge('records_waiting', 'records behind another one of their key'),
  buffered: gauge('records_buffered', 'records fetched and not yet started'),
  tasks: gauge('tasks', 'tasks that this pod owns'),
  delayLateMs: histogram('delay_late', 'how late records left the delay tiers'),
})

export const POD_METRICS: Fields<PodMetrics> = Object.freeze({
  commits: counter('commits', 'transactions committed'),
  commitRecords: counter('commit_records', 'records written by commits'),
  commitBytes: counter('commit_bytes', 'bytes written by commits'),
  commitsFailed: counter('commits_failed', 'transactions aborted or of unknown outcome'),
  restores: counter('restores', 'tasks restored from their state topic'),
  rebalances: counter('rebalances', 'joins of the group'),
  fences: counter('fences', 'producers of other pods that were fenced'),
  claimsRefused: counter('claims_refused', 'claims that the group did not accept'),
  stalls: counter('stalls', 'times that nothing ran for two thirds of a session'),
  stagedRecords: gauge('staged_records', 'effects that wait for a commit or are being committed'),
  stagedBytes: gauge('staged_bytes', 'bytes that wait for a commit or are being committed'),
  tableRecordsSkipped: counter('table_records_skipped', 'records of global tables that could not be read'),
  commitMs: histogram('commit_duration', 'time that a commit took'),
  restoreMs: histogram('restore_duration', 'time that the restore of a task took'),
})
