/** The values on the topics of the answer pipeline, as TypeScript types. Field names are those of the topics' JSON and Avro. */
import type { ModelErrorType } from '#models/model.ts'
import type { Scores } from '#models/rubric.ts'

/** `llm.intake`: a question, whatever shape it came in. */
export interface Intake {
  readonly id: string
  readonly task_type: string
  readonly title: string
  readonly content?: string | undefined
  /** The reference answer, where one is known. */
  readonly best_answer?: string | undefined
  readonly user_id?: string | undefined
  readonly organization_id?: string | undefined
  /** When it was asked, milliseconds since the epoch. */
  readonly asked_at: number
}

/** One answer of a model, with where it came from and, once judged, what it is worth. */
export interface Attempt {
  readonly answer: string
  /** The JSON of an answer that has a schema. */
  readonly structured?: string | undefined
  readonly model: string
  readonly prompt_version: string
  readonly request_id: string
  readonly latency_ms: number
  readonly tokens_prompt: number
  readonly tokens_completion: number
  readonly scores?: Scores | undefined
  readonly final?: number | undefined
  readonly feedback?: string | undefined
}

/** What has been paid so far, judges included. */
export interface Spent {
  /** Calls that were answered. */
  readonly calls: number
  readonly tokens_prompt: number
  readonly tokens_completion: number
  readonly cost_usd: number
}
export const NOTHING_SPENT: Spent = { calls: 0, tokens_prompt: 0, tokens_completion: 0, cost_usd: 0 }

/** The two calls of an attempt. */
export type Step = 'generate' | 'judge'

/** One thing that went wrong on the way, in order. */
export interface HistoryEntry {
  readonly kind: 'error' | 'low_score'
  readonly step: Step
  readonly at: number
  readonly request_id: string
  readonly error_type?: ModelErrorType | undefined
  readonly final?: number | undefined
  readonly reason: string
}

/** `llm.requests`: a question that wants an answer, with all that was learned by earlier attempts. */
export interface LlmRequest extends Intake {
  /** Calls that failed. */
  readonly error_attempts: number
  /** Answers that were judged. */
  readonly quality_attempts: number
  /** Waits that cost no attempt: the provider was out or took no more calls. */
  readonly parked: number
  readonly feedback?: string | undefined
  readonly best?: Attempt | undefined
  readonly spent: Spent
  readonly history: readonly HistoryEntry[]
}

/** `llm.generated`: the request with an answer that waits for its judge. */
export interface Generated extends LlmRequest {
  readonly attempt: Attempt
}

/** From score to decide: the same with scores. */
export interface Scored extends LlmRequest {
  readonly attempt: JudgedAttempt
}
export interface JudgedAttempt extends Attempt {
  readonly scores: Scores
  readonly final: number
  readonly feedback: string
}

/** `llm.errors`: a call that brought nothing. `attempt` is there when it was the judge's. */
export interface LlmError extends LlmRequest {
  readonly attempt?: Attempt | undefined
  readonly step: Step
  readonly request_id: string
  readonly error_type: ModelErrorType
  readonly reason: string
  readonly retry_after_ms?: number | undefined
  /** Whether it costs the record an attempt. */
  readonly counts: boolean
}

/** `llm.validated`: the answer to deliver. */
export interface Validated extends Scored {
  /** No attempt reached the threshold; this is the best of them. */
  readonly below_threshold: boolean
}

/** `llm.failed`: what will not be answered, and why. */
export interface Failed {
  readonly id: string
  readonly reason: 'invalid_input' | 'attempts_used_up'
  /** Every fault of an invalid input; the last error otherwise. */
  readonly faults: readonly string[]
  readonly failed_at: number
  /** The beginning of an input that could not be read. */
  readonly input?: string | undefined
  readonly request?: LlmRequest | undefined
}

/** `datos_procesados`: the delivered answer with its provenance. */
export interface Delivered {
  readonly id: string
  readonly task_type: string
  readonly title: string
  readonly answer: string
  readonly structured?: string | undefined
  readonly scores: Scores
  readonly final: number
  readonly below_threshold: boolean
  /** Calls that failed and answers that were judged, together. */
  readonly attempts: number
  readonly error_attempts: number
  readonly quality_attempts: number
  readonly model: string
  readonly prompt_version: string
  readonly request_id: string
  readonly calls: number
  readonly tokens_prompt: number
  readonly tokens_completion: number
  readonly cost_usd: number
  readonly user_id?: string | undefined
  readonly organization_id?: string | undefined
  readonly asked_at: number
  readonly delivered_at: number
  readonly history: readonly HistoryEntry[]
}

/** `llm.actions`: something that somebody should do about a text. */
export interface ActionEvent {
  readonly id: string
  readonly task_type: string
  readonly action: string
  readonly reason: string
  readonly details: Readonly<Record<string, string>>
  readonly user_id?: string | undefined
  readonly organization_id?: string | undefined
  readonly at: number
}

/** `llm.config`: what is changed of a task type at run time, keyed by its name. What is left out stays as declared. */
export interface TaskConfig {
  readonly task_type: string
  readonly version: number
  readonly system?: string | undefined
  readonly user?: string | undefined
  readonly model?: string | undefined
  readonly temperature?: number | undefined
  readonly tokens_max?: number | undefined
  readonly threshold?: number | undefined
  readonly weights?: Readonly<Record<string, number>> | undefined
  readonly attempts_max?: number | undefined
  readonly cost_limit_usd?: number | undefined
}
