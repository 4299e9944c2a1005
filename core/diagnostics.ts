/** What a pod reports about itself as it happens: events on diagnostics channels. */
import { type Channel, channel } from 'node:diagnostics_channel'
import type { Action } from './errors.ts'
import type { Limits } from './limits.ts'
import type { PodMetrics } from './pod-metrics.ts'
import type { TopicPartition } from './record.ts'
import type { TraceContext } from './trace-context.ts'

/** The channels by name, each with the message that it carries. Messages are plain data and are not changed later. */
export interface DiagnosticEvents {
  /** A pod has started. Until the pod stops, `metrics` returns its current figures. */
  'caudal:pod:started': {
    readonly pod: string
    /** The same at each start of the pod. */
    readonly name: string
    readonly application: string
    /** Their names as gauges are in `LIMITS`. */
    readonly limits: Limits
    readonly metrics: () => PodMetrics
    /** Asks the log for the end of each partition. */
    readonly ends: (places: readonly TopicPartition[]) => Promise<readonly number[]>
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
  /** A view outside any pod goes on without a record that it cannot read, or without records that the topic has dropped. */
  'caudal:follow:skipped': { readonly topic: string; readonly what: 'record' | 'gap' }
  /** A call to a provider has ended; `errorType` says how it failed. Waiting for a turn is not part of the duration. */
  'caudal:model:call': {
    readonly provider: string
    /** The model that was asked for; `undefined` where the provider chose. */
    readonly model: string | undefined
    readonly durationMs: number
    /** Until the first piece of a streamed reply was heard; `undefined` where nothing was streamed. */
    readonly firstTextMs?: number | undefined
    readonly errorType: string | undefined
  }
  /** A reply was paid for. */
  'caudal:model:bought': {
    /** As the provider names it. */
    readonly model: string
    readonly taskType: string
    readonly organization: string
    readonly promptTokens: number
    readonly completionTokens: number
    /** `undefined` where the price of the model is not known. */
    readonly costUsd: number | undefined
  }
  /** An answer was judged: `passed`, below its threshold and made again, or below it and delivered all the same. */
  'caudal:answer:judged': {
    readonly taskType: string
    readonly promptVersion: string
    readonly scores: Readonly<Record<string, number>>
    readonly final: number
    readonly outcome: 'passed' | 'again' | 'below'
  }
  /**
   * A call for a question has failed. `outcome` is what follows: the question waits without an attempt spent, it is asked
   * again, its best answer is delivered, or it is given up.
   */
  'caudal:answer:retried': {
    readonly taskType: string
    readonly errorType: string
    readonly outcome: 'parked' | 'again' | 'settled' | 'failed'
  }
  'caudal:answer:delivered': {
    readonly taskType: string
    readonly belowThreshold: boolean
    /** Calls that failed and answers that scored low, the last included. */
    readonly attempts: number
    /** `undefined` where the price of a model is not known. */
    readonly costUsd: number | undefined
    /** Since its event was written. */
    readonly tookMs: number
  }
  /** A question was given up, with the reason that `llm.failed` has. */
  'caudal:answer:failed': {
    readonly taskType: string
    readonly reason: string
    readonly costUsd: number | undefined
  }
  /** A breaker of a provider has opened or closed; `trouble` says which one. */
  'caudal:model:breaker': {
    readonly provider: string
    readonly trouble: string
    readonly isOpen: boolean
    readonly reason: string | undefined
  }
  /** The head of a request over HTTP has come. */
  'caudal:http:asked': { readonly method: string; readonly endpoint: string }
  /** A request over HTTP was answered, to its last byte or until its caller left. */
  'caudal:http:answered': {
    readonly method: string
    /** The route as the documentation names it, never the path of a request; `none` where no route fits. */
    readonly endpoint: string
    readonly status: number
    readonly durationMs: number
    /** The span of the request; absent where a caller's own trace goes on and nobody has sampled it. */
    readonly trace?: TraceContext & { readonly parentId: string | undefined }
  }
  /** A call of gRPC has come. */
  'caudal:grpc:asked': { readonly method: string }
  /** A call of gRPC has ended: with a status, or because its caller left. */
  'caudal:grpc:answered': {
    /** Service and method: `caudal.v1.LLMService/Generate`. */
    readonly method: string
    /** By its name: `OK`. `CANCELLED` and `DEADLINE_EXCEEDED` also where nobody was there to take a status. */
    readonly code: string
    readonly durationMs: number
    readonly trace: TraceContext & { readonly parentId: string | undefined }
  }
  /** Spans did not reach their collector: the queue was full, or the collector refused them or was silent. */
  'caudal:traces:lost': { readonly spans: number; readonly reason: 'full' | 'failed' | 'late' | 'closed' }
  /** Something was looked for in the cache. */
  'caudal:cache:looked': {
    /** Begins the keys: `q` for answers. */
    readonly namespace: string
    readonly isHit: boolean
  }
  /**
   * An endpoint was to be called. `outcome` is what follows. It has taken the message, or the message is sent again after a
   * failure, waits without an attempt spent, or is given up.
   */
  'caudal:webhook:called': {
    /** Name and port of the endpoint's machine. */
    readonly host: string
    readonly outcome: 'delivered' | 'again' | 'parked' | 'undelivered'
  }
  /** Nothing ran in this process for a while. */
  'caudal:stall': { readonly pod: string; readonly stalledMs: number }
}

/** Name of a channel. */
export type DiagnosticName = keyof DiagnosticEvents

/** Every channel. */
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
  'caudal:follow:skipped',
  'caudal:model:call',
  'caudal:model:bought',
  'caudal:model:breaker',
  'caudal:answer:judged',
  'caudal:answer:retried',
  'caudal:answer:delivered',
  'caudal:answer:failed',
  'caudal:http:asked',
  'caudal:http:answered',
  'caudal:grpc:asked',
  'caudal:grpc:answered',
  'caudal:traces:lost',
  'caudal:cache:looked',
  'caudal:webhook:called',
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
