/** What can be asked of the gateway: an operation is data about itself and one function, the same on every transport. */
import type { BrakeWatch } from '#admin/brakes.ts'
import type { FailureDesk } from '#admin/failure-desk.ts'
import type { FlowWatch } from '#admin/flow.ts'
import type { KnownPod } from '#admin/pods.ts'
import type { StateDesk } from '#admin/state-desk.ts'
import type { TopicDesk } from '#admin/topic-desk.ts'
import type { VersionDesk } from '#admin/version-desk.ts'
import type { System } from '#core/system.ts'
import type { AnswersService } from '#pipelines/answers-service.ts'
import type { EventFeed } from '#pipelines/event-feed.ts'
import type { RunIndex } from '#pipelines/run-index.ts'
import type { TokenFeed } from '#pipelines/token-feed.ts'
import type { Trials } from '#pipelines/trials.ts'
import type { AnswerStore } from '#stores/answers.ts'
import type { Cache } from '#stores/cache.ts'
import type { HistoryStore } from '#stores/history.ts'
import type { Organization } from '#stores/organization.ts'
import type { CallbackRules } from '#webhooks/webhook.ts'
import type { Batches } from './batches.ts'
import type { Scope } from './keys.ts'
import type { Problem, ProblemCode } from './problem.ts'
import type { InputSchema, Schema, Value } from './schema.ts'
import type { Semantic } from './semantic.ts'
import type { Sessions } from './sessions.ts'

/** What the handlers work with. */
export interface Gateway {
  readonly service: AnswersService
  readonly runs: RunIndex
  /** Where answers of long ago are; nowhere where no store is set. */
  readonly answers: AnswerStore | undefined
  readonly history: HistoryStore | undefined
  /** Events as they come. */
  readonly feed: EventFeed
  /** The pods of the application. Rejects as the log does. */
  pods(): Promise<readonly KnownPod[]>
  /** Answers while they are written. */
  readonly tokens: TokenFeed
  readonly cache: Cache | undefined
  readonly batches: Batches
  /** Nothing where it is off for every task type. */
  readonly semantic?: Semantic | undefined
  /** Nowhere without a cache. */
  readonly sessions: Sessions | undefined
  cacheTtlMs(taskType: string): number
  readonly system: System
  /** Nothing where nobody is called. */
  readonly callbacks?: CallbackRules | undefined
  /** What flows in the pods; nothing where the gateway does not watch them. */
  readonly flow?: FlowWatch
  /** What people have stopped; nothing where the gateway does not follow it. */
  readonly brakes?: BrakeWatch
  /** What failed for good; nothing where the gateway does not read it. */
  readonly failures?: FailureDesk
  /** What versions of prompts ask with, and which is live; nothing where the gateway does not read it. */
  readonly versionDesk?: VersionDesk
  /** Recorded questions tried with other settings; nothing where the gateway calls no model, or has no cache. */
  readonly trials?: Trials | undefined
  /** The topics of the application; nothing where the gateway does not read them. */
  readonly topics?: TopicDesk
  /** What operators have stored; nothing where the gateway does not read it. */
  readonly state?: StateDesk
}

/** Who asks. */
export interface Caller {
  /** Sees what belongs to the organisation and nothing else; without one, what belongs to none. */
  readonly organization: Organization
  readonly scopes: ReadonlySet<Scope>
  /** Id of the key; nothing where no keys are set. */
  readonly key: string | undefined
  readonly keyName: string | undefined
  /** Id of the session whose cookie the caller is known by. */
  readonly session?: string | undefined
}

/** One call of an operation. */
export interface Call {
  readonly caller: Caller
  /** Where the request comes from. */
  readonly address: string
  /** Id of the session that the cookie of the request names. The caller may be known by a key instead. */
  readonly cookieSession?: string | undefined
  /** Aborted when the caller has left. */
  readonly signal: AbortSignal
  /** W3C trace context; it travels with the question. */
  readonly traceparent: string
  readonly requestId: string
  /** The operation says by it that the request came before under its key: it was counted then. */
  readonly repeats?: () => void
}

/** `found`: the answer is there. `accepted`: it will be, and the log holds the question. */
export type Answer =
  | { readonly kind: 'found'; readonly body: object; readonly cookie?: Cookie }
  /** `refusedCount`: questions of the call that were not taken. */
  | { readonly kind: 'accepted'; readonly body: object; readonly refusedCount?: number }
  | { readonly kind: 'stream'; open(sink: Sink): Promise<void> }
  /** The stream has been read to its end. */
  | { readonly kind: 'over' }
  | Problem

/** What logs a browser in; empty to log it out. */
export interface Cookie {
  readonly text: string
  readonly maxAgeS: number
}

/** Where a stream of events goes. What is sent after its end goes nowhere. */
export interface Sink {
  send(event: SinkEvent): void
  /** Resolves when what was sent is on its way, or the stream has ended: who sends much waits for it. */
  ready(): Promise<void>
  /** With a reason where more might have come. */
  end(reason?: string): void
  /** Ends it with what went wrong. */
  fail(problem: Problem): void
  /** Called once, however the stream ends. */
  onEnd(callback: () => void): void
}

export interface SinkEvent {
  /** Where a client resumes; absent for what is sent once alone. */
  readonly id?: string
  readonly kind: string
  readonly data: object
}

export interface Operation {
  readonly name: string
  /** One sentence. */
  readonly summary: string
  /** What a key needs for it. */
  readonly scope: Scope
  readonly input: InputSchema
  /** How the document shows the items of a list that the operation checks one by one. */
  readonly shownItems?: Schema
  readonly found: Schema
  readonly accepted?: Schema
  /** Whether `found` is each event of a stream. */
  readonly isStream?: boolean
  /** Whether the caller decides that. */
  readonly mayStream?: boolean
  /** Those of its own; those of every operation are not among them. */
  readonly problems: readonly ProblemCode[]
  run(gateway: Gateway, input: object, call: Call): Promise<Answer> | Answer
}

/** Declares an operation, its input typed by its schema. The transport has checked the input before. */
export function operation<const I extends InputSchema>(
  declared: Omit<Operation, 'input' | 'run'> & {
    readonly input: I
    run(gateway: Gateway, input: Value<I>, call: Call): Promise<Answer> | Answer
  },
): Operation {
  // The transport hands in what fits the schema alone.
  return { ...declared, run: (gateway, input, call) => declared.run(gateway, input as Value<I>, call) }
}

export const found = (body: object): Answer => ({ kind: 'found', body })
export const accepted = (body: object): Answer => ({ kind: 'accepted', body })
