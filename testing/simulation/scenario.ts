/** What a scenario consists of: a graph, its inputs, when it is done, and what must hold then. */

import type { LimitOptions } from '#core/limits.ts'
import type { TopicPartition } from '#core/record.ts'
import type { Topology } from '#topology/topology.ts'
import type { Random } from '../seeded-random.ts'
import type { Evidence } from './evidence.ts'
import type { Model } from './model-server.ts'

export interface Scenario {
  readonly name: string
  readonly shape: Shape
  /** What it checks depends on wall clocks that agree: no fault sets them. */
  readonly clocksAgree?: boolean
  /** The graph as one process of a version runs it; the last version has all stages. */
  graph(services: Services, version: number): Topology
  /** So many versions of the graph are rolled forth and back, pod after pod. One, where left out. */
  readonly versions?: number
  /** Topics that are read as they grow, as they are trimmed before the run ends. */
  readonly followed?: readonly string[]
  /** Draws the inputs. */
  inputs(random: Random, shape: Shape): readonly Input[]
  /** Every input has reached its outcome. */
  isComplete(evidence: Evidence): boolean
  readonly checks: readonly Check[]
}

export interface Shape {
  readonly pods: number
  readonly partitions: number
  readonly records: number
  readonly faults: number
  /** Inputs and faults are spread over this time. */
  readonly spreadMs: number
  readonly latencyMs: readonly [min: number, max: number]
  /** After the last fault everything must have drained within this time. */
  readonly drainMaxMs: number
}

export interface Services {
  readonly model: Model
}

export interface Input {
  readonly atMs: number
  readonly place: TopicPartition
  readonly key: string
  readonly value: Uint8Array
}

/** Looks at what a user could see and complains in sentences; none means that all is well. */
export type Check = (evidence: Evidence) => readonly string[]

/** 3 pods, 4 partitions, 200 records, 30 faults. */
export const STANDARD_SHAPE: Shape = {
  pods: 3,
  partitions: 4,
  records: 200,
  faults: 30,
  spreadMs: 30_000,
  latencyMs: [10, 300],
  drainMaxMs: 120_000,
}

/** Short time-outs, so that a run sees many take-overs. */
export const LIMITS: LimitOptions = {
  sessionTimeout: '3s',
  restoreTimeout: '5s',
  noProgress: '20s',
  handOverMax: '4s',
  timeout: '2s',
  retryDelay: '50ms',
}
export const REQUEST_TIMEOUT_MS = 1_000
