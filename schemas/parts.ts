/** What the values of the schemas are made of. Made from the .avsc files by `npm run schemas -- types`: change those instead. */

/** One answer of a model, with where it came from and, once judged, what it is worth. */
export interface Attempt {
  /** The text of the answer. */
  readonly answer: string
  /** The JSON of an answer that has a schema. */
  readonly structured?: string | undefined
  /** The model that answered, as its provider names it. */
  readonly model: string
  /** Version of the prompt that it was asked with. */
  readonly prompt_version: string
  /** Identity of the call, the same after a crash. */
  readonly request_id: string
  /** Milliseconds from asking to the whole reply. */
  readonly latency_ms: number
  /** Tokens that were sent. */
  readonly tokens_prompt: number
  /** Tokens that were generated. */
  readonly tokens_completion: number
  /** What the judge gave. */
  readonly scores?: Scores | undefined
  /** Weighted mean of the scores, 0 to 10. */
  readonly final?: number | undefined
  /** What to do better, in words for the next attempt. */
  readonly feedback?: string | undefined
}

/** The batch that a question was put in with, as the gateway knows it. */
export interface BatchRef {
  /** Identity of the batch. */
  readonly id: string
  /** On whose behalf. */
  readonly organization_id?: string | undefined
  /** Questions whose outcomes complete it: equal ones are one. */
  readonly runs: number
  /** Its items that had no fault. */
  readonly accepted: number
  /** Its items that had faults. */
  readonly rejected: number
  /** The endpoint that is called when it is complete. */
  readonly callback?: string | undefined
}

/** Why a call brought nothing. */
export type ErrorType = 'rate_limit' | 'timeout' | 'unavailable' | 'invalid' | 'other'

/** Why a question will not be answered. */
export type FailureReason = 'invalid_input' | 'attempts_used_up'

/** How a reply ended: whole, cut at its token limit, or withheld by the provider. */
export type Finish = 'stop' | 'length' | 'refused'

/** One thing that went wrong on the way. */
export interface HistoryEntry {
  /** What went wrong. */
  readonly kind: HistoryKind
  /** Which call it was. */
  readonly step: Step
  /** When, milliseconds since the epoch. */
  readonly at: number
  /** Identity of the call. */
  readonly request_id: string
  /** Of an error. */
  readonly error_type?: ErrorType | undefined
  /** Of a low score. */
  readonly final?: number | undefined
  /** The same in words. */
  readonly reason: string
}

/** What went wrong. */
export type HistoryKind = 'error' | 'low_score'

/** An attempt that has its scores. */
export interface JudgedAttempt {
  /** The text of the answer. */
  readonly answer: string
  /** The JSON of an answer that has a schema. */
  readonly structured?: string | undefined
  /** The model that answered, as its provider names it. */
  readonly model: string
  /** Version of the prompt that it was asked with. */
  readonly prompt_version: string
  /** Identity of the call, the same after a crash. */
  readonly request_id: string
  /** Milliseconds from asking to the whole reply. */
  readonly latency_ms: number
  /** Tokens that were sent. */
  readonly tokens_prompt: number
  /** Tokens that were generated. */
  readonly tokens_completion: number
  /** What the judge gave. */
  readonly scores: Scores
  /** Weighted mean of the scores, 0 to 10. */
  readonly final: number
  /** What to do better, in words for the next attempt. */
  readonly feedback: string
}

/** What a judge gave for each criterion, 0 to 10. */
export interface Scores {
  /** Whether what it says is true. */
  readonly exactness: number
  /** Whether it answers all that was asked. */
  readonly completeness: number
  /** Whether it is understood at once. */
  readonly clarity: number
  /** Whether nothing in it is superfluous. */
  readonly concision: number
  /** Whether the asker can act on it. */
  readonly usefulness: number
}

/** What has been paid so far, judges included. */
export interface Spent {
  /** Calls that were answered. */
  readonly calls: number
  /** Tokens that were sent. */
  readonly tokens_prompt: number
  /** Tokens that were generated. */
  readonly tokens_completion: number
  /** Their price in US dollars; null where that of any is not known. */
  readonly cost_usd?: number | undefined
  /** Whether tokens of any call are an estimate, since its provider did not count. */
  readonly tokens_estimated?: boolean | undefined
}

/** The two calls of an attempt. */
export type Step = 'generate' | 'judge'

/** Tokens of one call. */
export interface Usage {
  /** Tokens that were sent. */
  readonly promptTokens: number
  /** Tokens that were generated. */
  readonly completionTokens: number
  /** Whether they are taken from the length of the texts, since the provider did not count. */
  readonly isEstimate?: boolean | undefined
}
