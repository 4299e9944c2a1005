/** Figures of a pod and of its stages as plain numbers, and the table that names them for exporters. */

import type { TopicPartition } from './record.ts'

/** Upper bounds of the buckets of every histogram, in milliseconds; a last bucket takes what is above them. */
export const HISTOGRAM_BOUNDS_MS: readonly number[] = Object.freeze([
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000,
])

/** Durations counted in fixed buckets. */
export class Histogram {
  /** One more than bounds; not cumulative. */
  readonly counts: number[] = new Array(HISTOGRAM_BOUNDS_MS.length + 1).fill(0)
  /** How many durations were added. */
  count = 0
  /** The sum of all durations, in milliseconds. */
  sumMs = 0

  /** Adds a duration, in milliseconds. */
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
  /** Each task is in one of three states at a time, as in Flink: the three times add up to the time that tasks ran. */
  busyMs = 0
  backPressuredMs = 0
  idleMs = 0
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
  inFlightMax = 0
  /** Records that wait in a lane behind another one of their key. */
  waiting = 0
  buffered = 0
  tasks = 0
  tasksRestoring = 0
  tasksBlocked = 0
  tasksLeaving = 0
  stateEntries = 0
  stateBytes = 0
  /** Since the oldest record was written that was fetched and not started. */
  oldestWaitingMs = 0
  /** Since the task that is behind most has moved on with what it has committed of its sources. */
  checkpointAgeMs = 0
  /** How late timers fired, against when they were due. */
  readonly timerLateMs = new Histogram()
  /** How late records left the delay tiers, against when they were due. */
  readonly delayLateMs = new Histogram()
}

/** How far one partition is read; its end is the log's to say. */
export interface ReadPlace extends TopicPartition {
  readonly stage: string
  /** The next offset to fetch. */
  readonly position: number
  /** Records below the position that are not done. */
  readonly unfinished: number
  /** Records for each offset that was passed: transaction markers and compacted records take offsets too. */
  readonly density: number
}

/**
 * Records of a place that are not done, where the log says that it ends at `end`. Records below the position are counted. Of
 * what is above it, a part is markers: as large a part as it was below.
 */
export function lagOf({ position, unfinished, density }: ReadPlace, end = position): number {
  return unfinished + Math.round(Math.max(0, end - position) * density)
}

/** Figures of one pod. Counters only grow; the rest shows the present. The runtime increments the fields directly. */
export class PodMetrics {
  readonly stages = new Map<string, StageMetrics>()
  /** By topic, the outputs of commits that took place. */
  readonly written = new Map<string, number>()
  /** Sources of the tasks that run here. */
  sources: readonly ReadPlace[] = []
  /** State partitions that are being restored here. */
  restoring: readonly ReadPlace[] = []
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
  uncommittedAgeMs = 0
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

/** The exported name of a figure, its kind and its meaning. */
export interface MetricDescription {
  /** Name of the metric. */
  readonly metric: string
  /** Whether it only grows, moves both ways, or counts durations. */
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** What the metric counts, in words. */
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
  metric: `caudal_${metric}_seconds`,
  kind: 'histogram',
  description,
})

/** The exported name and meaning of each figure; those of stages carry the stage's name as a label. Fields that end in `Ms` are exported in seconds. */
export const STAGE_METRICS: Fields<StageMetrics> = Object.freeze({
  busyMs: counter('stage_busy_seconds', 'time in which tasks had records in progress and took more'),
  backPressuredMs: counter(
    'stage_back_pressured_seconds',
    'time in which records waited for a task that might not start them',
  ),
  idleMs: counter('stage_idle_seconds', 'time in which tasks had nothing to do'),
  recordsIn: counter('records_in', 'records started'),
  recordsOut: counter('records_out', 'records emitted'),
  failed: counter('records_failed', 'runs of records that failed, retried or not'),
  retried: counter('records_retried', 'runs of records after a failed one'),
  dead: counter('records_dead', 'records that became dead letters'),
  timersFired: counter('timers_fired', 'timers that fired'),
  stepsRun: counter('steps_run', 'durable steps that were run'),
  stepsReplayed: counter('steps_replayed', 'durable steps whose result was found in the journal'),
  inFlight: gauge('records_in_flight', 'records in progress'),
  inFlightMax: gauge('records_in_flight_limit', 'records that may be in progress'),
  waiting: gauge('records_waiting', 'records behind another one of their key'),
  buffered: gauge('records_buffered', 'records fetched and not yet started'),
  tasks: gauge('tasks', 'tasks that this pod owns'),
  tasksRestoring: gauge('tasks_restoring', 'tasks that read their state'),
  tasksBlocked: gauge('tasks_blocked', 'tasks that are blocked until somebody fixes what blocks them'),
  tasksLeaving: gauge('tasks_leaving', 'tasks on their way to another pod'),
  stateEntries: gauge('state_entries', 'entries of the local copies of state'),
  stateBytes: gauge('state_bytes', 'what those entries take: in memory keys and values, on a disk pages'),
  oldestWaitingMs: gauge(
    'oldest_waiting_seconds',
    'age of the oldest record that was fetched and not started',
  ),
  checkpointAgeMs: gauge(
    'checkpoint_age_seconds',
    'time since a source with unfinished records was last committed further',
  ),
  timerLateMs: histogram('timer_late', 'how late timers fired'),
  delayLateMs: histogram('delay_late', 'how late records left the delay tiers'),
})

/** The exported name and meaning of each figure of a pod. */
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
  uncommittedAgeMs: gauge('uncommitted_age_seconds', 'age of the oldest effect that is not committed'),
  tableRecordsSkipped: counter('table_records_skipped', 'records of global tables that could not be read'),
  commitMs: histogram('commit_duration', 'time that a commit took'),
  restoreMs: histogram('restore_duration', 'time that the restore of a task took'),
})
