/** What the gateway answers, by the types of its schemas. */
import type { Bottleneck } from '#admin/bottleneck.ts'
import type { Flow, FlowPoint } from '#admin/flow.ts'
import type { StageFlow, TopicFlow } from '#admin/flow-figures.ts'
import type { FlowGraph } from '#admin/flow-graph.ts'
import type { BRAKE } from '#gateway/handlers/brakes.ts'
import type { FAILURE_GROUP } from '#gateway/handlers/failures.ts'
import type { PROVIDER, WORK } from '#gateway/handlers/in-progress.ts'
import type { REPLAY } from '#gateway/handlers/replays.ts'
import type { SUMMARY } from '#gateway/handlers/run-summary.ts'
import type { STATE_ENTRY } from '#gateway/handlers/state.ts'
import type { RECORD } from '#gateway/handlers/topic-records.ts'
import type { TOPIC } from '#gateway/handlers/topics.ts'
import type { PAIR, TEXT } from '#gateway/handlers/version-comparison.ts'
import type { PAIRS_TOGETHER, SLICES, VERSION } from '#gateway/handlers/version-views.ts'
import type { WHOAMI } from '#gateway/handlers/whoami.ts'
import type { WORKER } from '#gateway/handlers/workers.ts'
import type { Scope } from '#gateway/keys.ts'
import type { Value } from '#gateway/schema.ts'

export type { Bottleneck, Flow, FlowGraph, FlowPoint, Scope, StageFlow, TopicFlow }

/** Who looks, as `GET /whoami` says. */
export type Reader = Value<typeof WHOAMI>

export type Run = Required<
  Omit<Value<typeof SUMMARY>, 'until' | 'reason' | 'ended_at' | 'final' | 'cost_usd'>
> &
  Pick<Value<typeof SUMMARY>, 'until' | 'reason' | 'ended_at' | 'final'> & {
    readonly cost_usd: number | null
  }

/** What people have stopped, as `GET /brakes` lists it. */
export type Brake = Value<typeof BRAKE> & { readonly scope: string }

/** A pod, as `GET /workers` lists it. */
export type Worker = Value<typeof WORKER>

/** A topic, as `GET /topics` lists it. */
export type Topic = Value<typeof TOPIC>

/** A record of a topic. */
export type TopicRecord = Value<typeof RECORD>

/** What an operator has stored, an entry of it. */
export type StateEntry = Value<typeof STATE_ENTRY>

/** A record in progress, as `GET /in-progress` lists it. */
export type Work = Value<typeof WORK>

/** A provider, as it is listed there. */
export type WorkProvider = Value<typeof PROVIDER>

/** Failures of one cause, as `GET /failures` lists them. */
export type FailureGroup = Value<typeof FAILURE_GROUP>

/** Failures that are sent again. */
export type Replay = Value<typeof REPLAY>

/** One failure whole. */
export interface ShownFailure {
  readonly id: string
  readonly failed_at: string
  readonly reason: string
  readonly attempts: number
  readonly organization?: string
  readonly detail: unknown
}

/** One prompt version, as `GET /versions` lists it. */
export type Version = Omit<Value<typeof VERSION>, 'marks'> & {
  readonly marks: Readonly<Record<keyof Value<typeof VERSION>['marks'], Distribution>>
}
export type VersionLives = Value<typeof SLICES>
export type Interval = readonly number[]

export interface Measured {
  readonly mean?: number
  readonly interval?: Interval
}

export interface Distribution extends Measured {
  readonly bins: readonly number[]
}

export interface VersionsFound {
  readonly from: string
  readonly to: string
  readonly versions: readonly Version[]
  readonly more: boolean
  readonly live?: VersionLives
}

/** With the time of this machine at which they were found. */
export interface Versions extends VersionsFound {
  readonly at: number
}

/** Two answers to one question, as `GET /versions/compare` has them. */
export type Pair = Omit<Value<typeof PAIR>, 'a' | 'b'> & {
  readonly a: PairedAnswer
  readonly b: PairedAnswer
}
type PairedAnswer = Omit<Value<typeof PAIR>['a'], 'scores'> & {
  readonly scores?: Readonly<Record<string, unknown>>
}

/** What a version asks with, or why nobody knows. */
export type VersionText = Omit<Value<typeof TEXT>, 'settings'> & {
  readonly settings?: Readonly<Record<string, unknown>>
}

export interface Comparison {
  readonly from: string
  readonly to: string
  readonly together: Value<typeof PAIRS_TOGETHER>
  readonly pairs: readonly Pair[]
  readonly texts?: {
    readonly a: VersionText
    readonly b: VersionText
    readonly live?: string
  }
  readonly next?: string
  /** What was asked, without the page. */
  readonly search: string
}

export interface Message {
  readonly role: string
  readonly content: string
}

/** One event of a run: what its kind has, and nothing of others. */
export interface RunEvent {
  readonly kind: string
  readonly at: string
  readonly attempt?: number
  readonly step?: string
  readonly request_id?: string
  readonly title?: string
  readonly model?: string
  readonly prompt_version?: string
  readonly messages?: readonly Message[]
  readonly messages_digest?: string
  readonly reply?: string
  readonly answer?: string
  readonly scores?: Readonly<Record<string, number>>
  readonly final?: number
  /** What the verdict had to reach. */
  readonly threshold?: number
  readonly feedback?: string
  readonly error_type?: string
  readonly reason?: string
  readonly faults?: readonly string[]
  readonly until?: number
  readonly tokens_prompt?: number
  readonly tokens_completion?: number
  readonly cost_usd?: number | null
  readonly latency_ms?: number
  readonly trace_id?: string
  readonly below_threshold?: boolean
}
