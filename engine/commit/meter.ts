/** Counts what happens in a pod, and publishes it: in one place, so that figures and messages agree. */

import { type DiagnosticEvents, publish } from '#core/diagnostics.ts'
import type { Action } from '#core/errors.ts'
import type { StageMetrics } from '#core/pod-metrics.ts'
import { PodMetrics } from '#core/pod-metrics.ts'

/** One run of a record that failed. */
export interface RecordFailure {
  readonly task: string
  readonly node: string
  readonly id: string
  readonly attempt: number
  readonly action: Action
  readonly error: unknown
}

export interface CommitFigures {
  /** Counts the commits of this incarnation. */
  readonly number: number
  /** How many tasks took part. */
  readonly tasks: number
  /** Outputs and entries of state. */
  readonly records: number
  readonly durationMs: number
}

export class Meter {
  readonly metrics = new PodMetrics()
  /** The pod's incarnation. */
  readonly pod: string
  readonly #name: string

  constructor(pod: string, name: string) {
    this.pod = pod
    this.#name = name
  }

  started(told: Omit<DiagnosticEvents['caudal:pod:started'], 'pod' | 'name'>): void {
    publish('caudal:pod:started', { pod: this.pod, name: this.#name, ...told })
  }

  stopped(reason: string | undefined): void {
    publish('caudal:pod:stopped', { pod: this.pod, reason })
  }

  joined(generation: number, tasks: readonly string[]): void {
    this.metrics.rebalances++
    publish('caudal:group:joined', { pod: this.pod, generation, tasks })
  }

  stalled(stalledMs: number): void {
    this.metrics.stalls++
    publish('caudal:stall', { pod: this.pod, stalledMs })
  }

  moved(task: string, from: string, to: string): void {
    publish('caudal:task:state', { pod: this.pod, task, from, to })
  }

  /** How far this pod is with owning a task: see holding-phase.ts. */
  ownership(task: string, from: string, to: string): void {
    publish('caudal:task:ownership', { pod: this.pod, task, from, to })
  }

  restored(task: string, records: number, durationMs: number): void {
    this.metrics.restores++
    this.metrics.restoreMs.add(durationMs)
    publish('caudal:task:restored', { pod: this.pod, task, records, durationMs })
  }

  committed(figures: CommitFigures): void {
    this.metrics.commits++
    this.metrics.commitRecords += figures.records
    this.metrics.commitMs.add(figures.durationMs)
    publish('caudal:commit', { pod: this.pod, ...figures })
  }

  /** Outputs of a commit that took place. */
  written(topic: string, records: number): void {
    const { written } = this.metrics
    written.set(topic, (written.get(topic) ?? 0) + records)
  }

  commitFailed(error: unknown): void {
    this.metrics.commitsFailed++
    publish('caudal:commit:failed', { pod: this.pod, error })
  }

  recordFailed(stage: StageMetrics, failure: RecordFailure): void {
    stage.failed++
    if (failure.action === 'retry') stage.retried++
    if (failure.action === 'deadLetter') stage.dead++
    publish('caudal:record:failed', { pod: this.pod, ...failure })
  }

  fenced(producer: string): void {
    this.metrics.fences++
    publish('caudal:fence', { pod: this.pod, producer })
  }

  claimsRefused(): void {
    this.metrics.claimsRefused++
  }
}
