/** What a pod reports about itself to other processes: the record of one compacted topic, by the pod's name. */
import type { PodWork } from '#engine/pod/pod-work.ts'

/** One task of a pod. */
export interface ReportedTask {
  /** `stage/partition`. */
  readonly name: string
  readonly phase: string
  /** The error that blocks the task, with its code. Left out in any other phase. */
  readonly blockedBy?: string | undefined
}

/** One stage in a pod, over its tasks there. */
export interface ReportedStage {
  readonly stage: string
  readonly inFlight: number
  readonly inFlightMax: number
  /** Records that are read, or could be read, and are not done. */
  readonly lag: number
  /** Age of the oldest record that was fetched and not started. */
  readonly oldestWaitingMs: number
  /** Absent in reports of earlier versions of the program. */
  readonly counters?: ReportedCounters
}

/** Figures of a stage that only grow while the pod runs: two reports give the rates between them. */
export interface ReportedCounters {
  readonly recordsIn: number
  readonly recordsOut: number
  readonly failed: number
  readonly dead: number
  /** Times of its tasks: in progress, kept from starting, with nothing to do. Together the time that they ran. */
  readonly busyMs: number
  readonly backPressuredMs: number
  readonly idleMs: number
}

/** One topic that a stage of the pod reads, over its partitions there. */
export interface ReportedSource {
  readonly stage: string
  readonly topic: string
  /** Records that are not done. */
  readonly lag: number
}

/** A model provider as the pod calls it. */
export interface ReportedProvider {
  readonly name: string
  /** Calls that may be under way. */
  readonly limit: number
  readonly inFlight: number
  /** Calls that wait for their turn. */
  readonly waiting: number
  /** Whether its breaker is open: no calls but probes are made. */
  readonly breakerOpen: boolean
  readonly breakerReason?: string | undefined
  /** Waiting ends nothing: a login that is refused, an account without credit. */
  readonly needsPerson: boolean
}

/** A pod at one moment. */
export interface PodReport {
  /** Of this format. A reader takes reports of later versions, and reads of them what it knows. */
  readonly version: number
  readonly pod: string
  /** Version of the program that the pod runs. */
  readonly release: string
  /** Milliseconds since the epoch by the pod's own clock, as is `startedAt`. */
  readonly at: number
  readonly startedAt: number
  readonly phase: string
  readonly tasks: readonly ReportedTask[]
  readonly stages: readonly ReportedStage[]
  readonly commits: number
  /** Age of the oldest effect that is not committed. */
  readonly uncommittedAgeMs: number
  readonly limits: Readonly<Record<string, number>>
  /** Absent in reports of earlier versions of the program, as are the fields below. */
  readonly sources?: readonly ReportedSource[]
  /** By topic, records written by commits since the pod began. */
  readonly written?: Readonly<Record<string, number>>
  readonly providers?: readonly ReportedProvider[]
  /** Of each stage those that have been in progress the longest, at most twenty. */
  readonly work?: readonly PodWork[]
}

export const REPORT_VERSION = 1

export const podsTopic = (application: string): string => `${application}.pods`

export const encodeReport = (report: PodReport): Buffer => Buffer.from(JSON.stringify(report))
