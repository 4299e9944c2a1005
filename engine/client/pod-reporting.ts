/** A pod reports about itself: a record every two seconds, a tombstone when it leaves. No work of the pod depends on its reports. */
import { failureFields, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { lagOf, type PodMetrics } from '#core/pod-metrics.ts'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem, type System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import type { TaskStatus } from '#engine/pod/pod-status.ts'
import { podWork } from '#engine/pod/pod-work.ts'
import {
  encodeReport,
  type PodReport,
  podsTopic,
  REPORT_VERSION,
  type ReportedProvider,
  type ReportedSource,
  type ReportedStage,
  type ReportedTask,
} from './pod-report.ts'
import type { Running } from './run.ts'
import { podOf } from './running-pod.ts'

/** Options of what a pod reports. */
export interface ReportingOptions {
  /** The log that the pod runs on. */
  readonly log: Log
  /** Version of the program, as people name it. */
  readonly release: string
  /** Gets one warning if reports cannot be written. */
  readonly logger: Logger
  /** The model providers that the pod calls; none when left out. */
  readonly providers?: () => readonly ReportedProvider[]
  /** Clock and timers; those of the machine when left out. */
  readonly system?: System
}

const EVERY_MS = 2_000
/** A log that does not answer must not hold up the end of a pod. */
const LEAVES_WITHIN_MS = 2_000

/**
 * Reports until it is disposed of, which writes the tombstone. One request is under way at a time. A report that the log does
 * not take in time is left out. The first refusal of the log is logged, and no later one.
 */
export class PodReporting implements AsyncDisposable {
  readonly #running: Running
  readonly #options: ReportingOptions
  readonly #system: System
  readonly #startedAt: number
  #cancel: () => void = () => {}
  #under: Promise<void> = Promise.resolve()
  #isUnderWay = false
  #hasTopic = false
  #hasWarned = false

  constructor(running: Running, options: ReportingOptions) {
    this.#running = running
    this.#options = options
    this.#system = options.system ?? realSystem
    this.#startedAt = this.#system.now()
  }

  /** Begins to report; disposing of this object ends it. */
  start(): void {
    this.#tick()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel()
    const leaves = this.#under.then(() => this.#append(null)).catch(() => undefined)
    await Promise.race([
      leaves,
      new Promise<void>(resolve => void this.#system.after(LEAVES_WITHIN_MS, resolve)),
    ])
  }

  #tick(): void {
    this.#cancel = this.#system.after(EVERY_MS, () => this.#tick())
    if (this.#isUnderWay) return
    this.#isUnderWay = true
    this.#under = this.#report()
      .catch(error => this.#warn(error))
      .finally(() => {
        this.#isUnderWay = false
      })
  }

  async #report(): Promise<void> {
    const { log } = this.#options
    const { application } = this.#running.plan
    if (!this.#hasTopic)
      await log.createTopics([
        { name: podsTopic(application), partitions: 1, compacted: true, retentionMs: undefined },
      ])
    this.#hasTopic = true
    const { sources } = this.#running.metrics
    const bounds = await log.bounds(sources)
    await this.#append(encodeReport(this.#reportOf(bounds.map(({ end }) => end))))
    this.#hasWarned = false
  }

  #reportOf(ends: readonly number[]): PodReport {
    const { name, limits, metrics } = this.#running
    const { phase, tasks } = this.#running.status()
    const now = this.#system.now()
    return {
      ...{ version: REPORT_VERSION, pod: name, release: this.#options.release },
      ...{ at: now, startedAt: this.#startedAt, phase, limits },
      tasks: tasks.map(reported).sort((a, b) => a.name.localeCompare(b.name)),
      stages: stagesOf(metrics, ends),
      sources: sourcesOf(metrics, ends),
      work: podWork(podOf(this.#running).tasks, now),
      written: Object.fromEntries(metrics.written),
      ...(this.#options.providers && { providers: this.#options.providers() }),
      ...{ commits: metrics.commits, uncommittedAgeMs: metrics.uncommittedAgeMs },
    }
  }

  async #append(value: Buffer | null): Promise<void> {
    const { application } = this.#running.plan
    const record = {
      ...{ key: Buffer.from(this.#running.name), value },
      ...{ headers: NO_HEADERS, timestamp: this.#system.now() },
    }
    await this.#options.log.append([{ topic: podsTopic(application), partition: 0, records: [record] }])
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const topic = podsTopic(this.#running.plan.application)
    this.#options.logger.warn('the pod could not write its report; records are still processed', {
      topic,
      ...failureFields(error),
    })
  }
}

function reported({ name, phase, blockedBy }: TaskStatus): ReportedTask {
  return { name, phase, ...(blockedBy !== undefined && { blockedBy: reasonOf(blockedBy) }) }
}

function stagesOf(metrics: PodMetrics, ends: readonly number[]): readonly ReportedStage[] {
  const sources = sourcesOf(metrics, ends)
  return [...metrics.stages].map(([stage, { inFlight, inFlightMax, oldestWaitingMs, ...counted }]) => {
    const { recordsIn, recordsOut, failed, dead, busyMs, backPressuredMs, idleMs } = counted
    const counters = { recordsIn, recordsOut, failed, dead, busyMs, backPressuredMs, idleMs }
    const lag = sources.reduce((sum, source) => (source.stage === stage ? sum + source.lag : sum), 0)
    return { stage, inFlight, inFlightMax, lag, oldestWaitingMs, counters }
  })
}

/** Of each topic that a stage reads here, over its partitions. */
function sourcesOf({ sources }: PodMetrics, ends: readonly number[]): readonly ReportedSource[] {
  const found = new Map<string, ReportedSource>()
  for (const [index, place] of sources.entries()) {
    const { stage, topic } = place
    const before = found.get(`${stage} ${topic}`)?.lag ?? 0
    found.set(`${stage} ${topic}`, { stage, topic, lag: before + lagOf(place, ends[index]) })
  }
  return [...found.values()]
}
