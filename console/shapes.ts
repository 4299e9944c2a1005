/** What the gateway answers, by the types of its schemas. */
import type { Bottleneck } from '#admin/bottleneck.ts'
import type { Flow, FlowPoint } from '#admin/flow.ts'
import type { StageFlow, TopicFlow } from '#admin/flow-figures.ts'
import type { FlowGraph } from '#admin/flow-graph.ts'
import type { BRAKE } from '#gateway/handlers/brakes.ts'
import type { FAILURE_GROUP } from '#gateway/handlers/failures.ts'
import type { REPLAY } from '#gateway/handlers/replays.ts'
import type { SUMMARY } from '#gateway/handlers/run-summary.ts'
import type { WORKER } from '#gateway/handlers/workers.ts'
import type { Value } from '#gateway/schema.ts'

export type { Bottleneck, Flow, FlowGraph, FlowPoint, StageFlow, TopicFlow }

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
