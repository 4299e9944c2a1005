/**
 * The port of the semantic index. It finds the nearest earlier answer of the same organisation, task type and prompt
 * version. The guard decides whether that answers the question. An index that is away finds nothing and fails nothing.
 */
import type { Organization } from './organization.ts'
import type { RuleName } from './semantic/guard/part.ts'

/** An answer as the index hands it out. */
export interface IndexedAnswer {
  readonly organization: string
  readonly taskType: string
  readonly promptVersion: string
  /** Identity of the question; a newer answer to it replaces an older one. */
  readonly questionHash: string
  /** Title and content, as `questionText` joins them. */
  readonly question: string
  /** Identity of the run that made the answer. */
  readonly id: string
  readonly answer: string
  /** JSON. */
  readonly structured?: string | undefined
  readonly final: number
  readonly belowThreshold: boolean
  readonly model: string
  /** What the answer has cost, and a hit saves; absent where the price is not known. */
  readonly costUsd?: number | undefined
  /** Milliseconds since the epoch. */
  readonly deliveredAt: number
}

/** An earlier answer that may serve the question. */
export interface Hit {
  readonly kind: 'hit'
  /** 1 - cosine distance / 2: from 0 to 1. */
  readonly similarity: number
  readonly answer: IndexedAnswer
}

/** The nearest question was near enough, and the guard has refused it. */
export interface Refusal {
  readonly kind: 'refused'
  readonly similarity: number
  readonly rule: RuleName
}

/** How one search is cancelled and named. */
export interface Search {
  readonly signal: AbortSignal
  /** Identity of the search, for the embedder's provider. */
  readonly requestId: string
}

/** The port of look-ups of answers by the meaning of their question. */
export interface SemanticIndex {
  /** Nothing where the index of the task type is off, or no question is near enough. */
  nearest(
    organization: Organization,
    taskType: string,
    promptVersion: string,
    text: string,
    search: Search,
  ): Promise<Hit | Refusal | undefined>
  /** Stays off over restarts, in every gateway. Resolves once that is durable. */
  switchOff(taskType: string, reason: string): Promise<void>
  /** Why the index of a task type has been switched off; nothing where it has not. */
  offReason(taskType: string): string | undefined
  statistics(): SemanticStatistics
}

/** Where answers enter the index. Rejects with `Unavailable` (code UNAVAILABLE) while it is away. */
export interface SemanticSink {
  /** Of any organisations. To save an answer again changes nothing. */
  save(answers: readonly IndexedAnswer[]): Promise<void>
}

/** What an index holds, and what its searches have found since its process began. */
export interface SemanticStatistics {
  readonly entries: number
  readonly searches: number
  readonly hits: number
  /** Refusals of the guard, by rule. */
  readonly refused: Readonly<Partial<Record<RuleName, number>>>
  /** Searches that the embedder has failed. */
  readonly failed: number
  /** Of the hits; nothing without one. */
  readonly meanSimilarity: number | undefined
  readonly savedUsd: number
  /** Hits on answers whose price is not known: `savedUsd` leaves them out. */
  readonly hitsWithoutPrice: number
  /** Records of the topic that could not be used: unreadable, or of another embedder. */
  readonly unusable: number
}

/** What is embedded and compared: two questions differ if their contents do. */
export const questionText = (title: string, content: string | undefined): string =>
  content === undefined || content.trim() === '' ? title : `${title}\n${content}`
