/** The values of the schemas. Made from the .avsc files by `npm run schemas -- types`: change those instead. */
import type {
  Attempt,
  BatchRef,
  ErrorType,
  FailureReason,
  Finish,
  HistoryEntry,
  JudgedAttempt,
  Scores,
  Spent,
  Step,
  Usage,
} from './parts.ts'

/** Something that somebody should do about a text. */
export interface ActionEvent {
  /** Identity of the text. */
  readonly id: string
  /** Which task found it. */
  readonly task_type: string
  /** What to do. */
  readonly action: string
  /** Why. */
  readonly reason: string
  /** What the task type adds. */
  readonly details: Readonly<Record<string, string>>
  /** Who asked. */
  readonly user_id?: string | undefined
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** When it was found, milliseconds since the epoch. */
  readonly at: number
}

/** How many questions of a batch have their outcome. */
export interface BatchCount {
  /** Answered. */
  readonly delivered: number
  /** Given up. */
  readonly failed: number
  /** Questions whose outcomes complete it, as its first outcome said. */
  readonly runs?: number | undefined
}

/** A question of a batch has its outcome. */
export interface BatchItem {
  /** Identity of the batch; the key of its records. */
  readonly id: string
  /** The batch. */
  readonly batch: BatchRef
  /** The question. */
  readonly task_id: string
  /** Whether it was answered. */
  readonly is_delivered: boolean
}

/** A reply as it is journaled: paid for, with the identity of its call. */
export interface Bought {
  /** The reply. */
  readonly text: string
  /** Its tokens. */
  readonly usage: Usage
  /** The model that answered, as its provider names it. */
  readonly model: string
  /** Milliseconds from asking to the whole reply. */
  readonly latencyMs: number
  /** How it ended. */
  readonly finish: Finish
  /** Identity of the call, the same after a crash. */
  readonly requestId: string
  /** Why nothing can be made of it, though it was paid for. */
  readonly fault?: string | undefined
}

/** What is changed of a task type at run time; what is left out stays as declared. */
export interface TaskConfig {
  /** The task type; the key of its records. */
  readonly task_type: string
  /** Version of the change, part of the prompt version. */
  readonly version: number
  /** System prompt. */
  readonly system?: string | undefined
  /** Template of the user prompt. */
  readonly user?: string | undefined
  /** Model that answers. */
  readonly model?: string | undefined
  /** Temperature of the model. */
  readonly temperature?: number | undefined
  /** Most tokens of a reply. */
  readonly tokens_max?: number | undefined
  /** Final score from which an answer is delivered. */
  readonly threshold?: number | undefined
  /** Weight of each criterion. */
  readonly weights?: Readonly<Record<string, number>> | undefined
  /** Most attempts of each kind. */
  readonly attempts_max?: number | undefined
  /** What one question may cost, in US dollars. */
  readonly cost_limit_usd?: number | undefined
}

/** The delivered answer with its provenance. */
export interface Delivered {
  /** Identity of the question. */
  readonly id: string
  /** Which task it was. */
  readonly task_type: string
  /** The question itself. */
  readonly title: string
  /** More text that belongs to it. */
  readonly content?: string | undefined
  /** The text of the answer. */
  readonly answer: string
  /** The JSON of an answer that has a schema. */
  readonly structured?: string | undefined
  /** What the judge gave. */
  readonly scores: Scores
  /** Weighted mean of the scores, 0 to 10. */
  readonly final: number
  /** No attempt reached the threshold; this is the best of them. */
  readonly below_threshold: boolean
  /** Calls that failed and answers that were judged, together. */
  readonly attempts: number
  /** Calls that failed. */
  readonly error_attempts: number
  /** Answers that were judged. */
  readonly quality_attempts: number
  /** The model that answered, as its provider names it. */
  readonly model: string
  /** Version of the prompt that it was asked with. */
  readonly prompt_version: string
  /** Identity of the call that brought the answer. */
  readonly request_id: string
  /** Calls that were answered, judges included. */
  readonly calls: number
  /** Tokens that were sent. */
  readonly tokens_prompt: number
  /** Tokens that were generated. */
  readonly tokens_completion: number
  /** Whether those of any call are an estimate, since its provider did not count. */
  readonly tokens_estimated?: boolean | undefined
  /** Their price in US dollars; null where that of any is not known. */
  readonly cost_usd?: number | undefined
  /** Who asked. */
  readonly user_id?: string | undefined
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** When it was asked, milliseconds since the epoch. */
  readonly asked_at: number
  /** When it was delivered, milliseconds since the epoch. */
  readonly delivered_at: number
  /** Identity of the trace that the question belongs to, where it has one. */
  readonly trace_id?: string | undefined
  /** What went wrong on the way, in order. */
  readonly history: readonly HistoryEntry[]
}

/** A call that brought nothing. */
export interface LlmError {
  /** Identity of the question; the key of its records. */
  readonly id: string
  /** Which task it is, for instance qa. */
  readonly task_type: string
  /** The question itself. */
  readonly title: string
  /** More text that belongs to it. */
  readonly content?: string | undefined
  /** The reference answer, where one is known. */
  readonly best_answer?: string | undefined
  /** Who asked. */
  readonly user_id?: string | undefined
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** When it was asked, milliseconds since the epoch. */
  readonly asked_at: number
  /** Calls that failed. */
  readonly error_attempts: number
  /** Answers that were judged. */
  readonly quality_attempts: number
  /** Waits that cost no attempt: the provider was out or took no more calls. */
  readonly parked: number
  /** What the judge of the last answer wants to be done better. */
  readonly feedback?: string | undefined
  /** The best answer so far. */
  readonly best?: Attempt | undefined
  /** What has been paid so far. */
  readonly spent: Spent
  /** What went wrong on the way, in order. */
  readonly history: readonly HistoryEntry[]
  /** The answer that was to be judged, where it is the judge that failed. */
  readonly attempt?: Attempt | undefined
  /** Which call it was. */
  readonly step: Step
  /** Identity of the call. */
  readonly request_id: string
  /** Why it brought nothing. */
  readonly error_type: ErrorType
  /** The same in words. */
  readonly reason: string
  /** How long the provider asks to wait, in milliseconds. */
  readonly retry_after_ms?: number | undefined
  /** Whether it costs the record an attempt. */
  readonly counts: boolean
}

/** What will not be answered, and why. */
export interface Failed {
  /** Identity of the question, or of the record where it has none. */
  readonly id: string
  /** Why it will not be answered. */
  readonly reason: FailureReason
  /** Every fault of an invalid input; the last error otherwise. */
  readonly faults: readonly string[]
  /** When it was given up, milliseconds since the epoch. */
  readonly failed_at: number
  /** The beginning of an input that is not a question. */
  readonly input?: string | undefined
  /** On whose behalf, where an input that is not a question says so. */
  readonly organization_id?: string | undefined
  /** The request as it was given up. */
  readonly request?: LlmRequest | undefined
}

/** Somebody who joined a question under way, and wants to hear of its outcome. */
export interface Follower {
  /** Identity of the question; the key of its records. */
  readonly id: string
  /** The endpoint that is called. */
  readonly callback?: string | undefined
  /** The batch that waits for it. */
  readonly batch?: BatchRef | undefined
}

/** A request with an answer that waits for its judge. */
export interface Generated {
  /** Identity of the question; the key of its records. */
  readonly id: string
  /** Which task it is, for instance qa. */
  readonly task_type: string
  /** The question itself. */
  readonly title: string
  /** More text that belongs to it. */
  readonly content?: string | undefined
  /** The reference answer, where one is known. */
  readonly best_answer?: string | undefined
  /** Who asked. */
  readonly user_id?: string | undefined
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** When it was asked, milliseconds since the epoch. */
  readonly asked_at: number
  /** Calls that failed. */
  readonly error_attempts: number
  /** Answers that were judged. */
  readonly quality_attempts: number
  /** Waits that cost no attempt: the provider was out or took no more calls. */
  readonly parked: number
  /** What the judge of the last answer wants to be done better. */
  readonly feedback?: string | undefined
  /** The best answer so far. */
  readonly best?: Attempt | undefined
  /** What has been paid so far. */
  readonly spent: Spent
  /** What went wrong on the way, in order. */
  readonly history: readonly HistoryEntry[]
  /** The answer. */
  readonly attempt: Attempt
}

/** A question, whatever shape it came in. */
export interface Intake {
  /** Identity of the question; the key of its records. */
  readonly id: string
  /** Which task it is, for instance qa. */
  readonly task_type: string
  /** The question itself. */
  readonly title: string
  /** More text that belongs to it. */
  readonly content?: string | undefined
  /** The reference answer, where one is known. */
  readonly best_answer?: string | undefined
  /** Who asked. */
  readonly user_id?: string | undefined
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** When it was asked, milliseconds since the epoch. */
  readonly asked_at: number
}

/** The outcome of a question, kept a while for who joined the question and is read later. */
export interface KeptOutcome {
  /** Identity of the record that brought it. */
  readonly record_id: string
  /** answer.delivered or answer.failed. */
  readonly event: string
  /** Which task it is; empty where it is none. */
  readonly task_type: string
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** When, milliseconds since the epoch. */
  readonly at: number
  /** What endpoints are sent, as JSON; empty where none is called. */
  readonly data: string
}

/** An event of the history that no call to a model brought. */
export interface Notice {
  /** What it tells of: a question, or a batch; the key of its records. */
  readonly id: string
  /** Which task it is; empty where it is none. */
  readonly task_type: string
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** What happened: webhook_delivered. */
  readonly kind: string
  /** When, milliseconds since the epoch. */
  readonly at: number
  /** What belongs to its kind, as JSON. */
  readonly detail: string
}

/** What one call to a model was asked, what it brought, and what was decided about a failure of it. */
export interface Recording {
  /** Identity of the question; the key of its records. */
  readonly id: string
  /** Which task it is. */
  readonly task_type: string
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** What happened. */
  readonly kind: 'generated' | 'scored' | 'call_failed' | 'waiting'
  /** Which call it was. */
  readonly step: Step
  /** Which time the question is tried, from 1 on. */
  readonly attempt: number
  /** When it was processed, milliseconds since the epoch. */
  readonly at: number
  /** Identity of the call, the same after a crash. */
  readonly request_id: string
  /** The model that answered. */
  readonly model?: string | undefined
  /** Version of the prompt. */
  readonly prompt_version?: string | undefined
  /** SHA-256 of the JSON of the messages that the model was asked with. */
  readonly messages_digest?: string | undefined
  /** That JSON, where it is to be recorded in full. */
  readonly messages?: string | undefined
  /** What the model replied. */
  readonly reply?: string | undefined
  /** What the judge gave. */
  readonly scores?: Scores | undefined
  /** Weighted mean of the scores. */
  readonly final?: number | undefined
  /** What the mean must reach. */
  readonly threshold?: number | undefined
  /** What the judge said. */
  readonly feedback?: string | undefined
  /** Of a call that brought nothing. */
  readonly error_type?: ErrorType | undefined
  /** The same in words. */
  readonly reason?: string | undefined
  /** When a failed call is made again, milliseconds since the epoch. */
  readonly until?: number | undefined
  /** Tokens that were sent. */
  readonly tokens_prompt?: number | undefined
  /** Tokens that were generated. */
  readonly tokens_completion?: number | undefined
  /** Whether they are an estimate, since the provider did not count. */
  readonly tokens_estimated?: boolean | undefined
  /** Price of the call; null where it is not known, or nothing was bought. */
  readonly cost_usd?: number | undefined
  /** Milliseconds from asking to the whole reply. */
  readonly latency_ms?: number | undefined
  /** Identity of the trace that the question belongs to. */
  readonly trace_id?: string | undefined
}

/** A question that wants an answer, with all that was learned by earlier attempts. */
export interface LlmRequest {
  /** Identity of the question; the key of its records. */
  readonly id: string
  /** Which task it is, for instance qa. */
  readonly task_type: string
  /** The question itself. */
  readonly title: string
  /** More text that belongs to it. */
  readonly content?: string | undefined
  /** The reference answer, where one is known. */
  readonly best_answer?: string | undefined
  /** Who asked. */
  readonly user_id?: string | undefined
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** When it was asked, milliseconds since the epoch. */
  readonly asked_at: number
  /** Calls that failed. */
  readonly error_attempts: number
  /** Answers that were judged. */
  readonly quality_attempts: number
  /** Waits that cost no attempt: the provider was out or took no more calls. */
  readonly parked: number
  /** What the judge of the last answer wants to be done better. */
  readonly feedback?: string | undefined
  /** The best answer so far. */
  readonly best?: Attempt | undefined
  /** What has been paid so far. */
  readonly spent: Spent
  /** What went wrong on the way, in order. */
  readonly history: readonly HistoryEntry[]
}

/** A request with an answer that has its scores. */
export interface Scored {
  /** Identity of the question; the key of its records. */
  readonly id: string
  /** Which task it is, for instance qa. */
  readonly task_type: string
  /** The question itself. */
  readonly title: string
  /** More text that belongs to it. */
  readonly content?: string | undefined
  /** The reference answer, where one is known. */
  readonly best_answer?: string | undefined
  /** Who asked. */
  readonly user_id?: string | undefined
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** When it was asked, milliseconds since the epoch. */
  readonly asked_at: number
  /** Calls that failed. */
  readonly error_attempts: number
  /** Answers that were judged. */
  readonly quality_attempts: number
  /** Waits that cost no attempt: the provider was out or took no more calls. */
  readonly parked: number
  /** What the judge of the last answer wants to be done better. */
  readonly feedback?: string | undefined
  /** The best answer so far. */
  readonly best?: Attempt | undefined
  /** What has been paid so far. */
  readonly spent: Spent
  /** What went wrong on the way, in order. */
  readonly history: readonly HistoryEntry[]
  /** The answer. */
  readonly attempt: JudgedAttempt
}

/** That a question was let in. */
export interface Seen {
  /** When, milliseconds since the epoch. */
  readonly at: number
}

/** The answer to deliver. */
export interface Validated {
  /** Identity of the question; the key of its records. */
  readonly id: string
  /** Which task it is, for instance qa. */
  readonly task_type: string
  /** The question itself. */
  readonly title: string
  /** More text that belongs to it. */
  readonly content?: string | undefined
  /** The reference answer, where one is known. */
  readonly best_answer?: string | undefined
  /** Who asked. */
  readonly user_id?: string | undefined
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** When it was asked, milliseconds since the epoch. */
  readonly asked_at: number
  /** Calls that failed. */
  readonly error_attempts: number
  /** Answers that were judged. */
  readonly quality_attempts: number
  /** Waits that cost no attempt: the provider was out or took no more calls. */
  readonly parked: number
  /** What the judge of the last answer wants to be done better. */
  readonly feedback?: string | undefined
  /** The best answer so far. */
  readonly best?: Attempt | undefined
  /** What has been paid so far. */
  readonly spent: Spent
  /** What went wrong on the way, in order. */
  readonly history: readonly HistoryEntry[]
  /** The answer. */
  readonly attempt: JudgedAttempt
  /** No attempt reached the threshold; this is the best of them. */
  readonly below_threshold: boolean
}

/** A call that an endpoint has taken, as it is journaled. */
export interface WebhookCall {
  /** Status of HTTP. */
  readonly status: number
  /** When, milliseconds since the epoch. */
  readonly at: number
  /** Milliseconds from looking the address up to the status. */
  readonly latency_ms: number
}

/** One message for one endpoint, until the endpoint has taken it. */
export interface Webhook {
  /** Identity of the message, the same in each attempt; the key of its records. */
  readonly id: string
  /** What it tells of: a question, or a batch. */
  readonly task_id: string
  /** Which task it is; empty where it is none. */
  readonly task_type: string
  /** Whose secrets sign it. */
  readonly organization_id?: string | undefined
  /** What happened, such as answer.delivered. */
  readonly event: string
  /** The endpoint. */
  readonly url: string
  /** What is sent, byte for byte. */
  readonly body: string
  /** When it was made, milliseconds since the epoch. */
  readonly created_at: number
  /** Calls that failed. */
  readonly attempts: number
  /** Waits that cost no attempt: the endpoint was not called. */
  readonly parked: number
}
