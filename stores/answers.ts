/**
 * The port of the store of delivered answers. One suite (test/conformance/answer-store.ts) runs on every adapter.
 * A call rejects with `Unavailable` (code UNAVAILABLE) while the database is away: the caller waits, or does without.
 */
import type { Scores } from '#schemas/parts.ts'
import type { Organization } from './organization.ts'
import type {
  ComparisonWanted,
  PairSums,
  PairsWanted,
  SlicesWanted,
  VersionRow,
  VersionSlice,
  VersionsWanted,
} from './versions.ts'

/** One delivered answer: a row of the table `response_event`. */
export interface StoredAnswer {
  /** Identity of the run. */
  readonly id: string
  readonly organization: Organization
  readonly questionHash: string
  readonly taskType: string
  readonly userId: string | undefined
  readonly title: string
  readonly content: string | undefined
  readonly answer: string
  /** JSON. */
  readonly structured: string | undefined
  readonly scores: Scores
  readonly final: number
  readonly belowThreshold: boolean
  readonly errorAttempts: number
  readonly qualityAttempts: number
  readonly model: string
  readonly promptVersion: string
  readonly requestId: string
  readonly calls: number
  readonly tokensPrompt: number
  readonly tokensCompletion: number
  /** Nothing where the price of any call is not known. */
  readonly costUsd: number | undefined
  readonly askedAt: number
  readonly deliveredAt: number
  readonly traceId: string | undefined
}

/** The newest answers of both versions to one question. */
export interface AnswerPair {
  readonly questionHash: string
  /** `final` of b without that of a. */
  readonly change: number
  readonly a: StoredAnswer
  readonly b: StoredAnswer
}

/** Which answers of an organisation a page holds; fields that are left out do not narrow. */
export interface AnswersWanted {
  readonly limit: number
  /** Delivered at this time or later, milliseconds since the epoch. */
  readonly since?: number | undefined
  readonly taskType?: string | undefined
  /** Scored lower than this. */
  readonly below?: number | undefined
  /** Occurs in title, content or answer, in whatever case. */
  readonly text?: string | undefined
  /** Goes on after this answer, the last one of a page. */
  readonly after?: Pick<StoredAnswer, 'deliveredAt' | 'id'> | undefined
}

/** The port of delivered answers. An organisation finds no answers but its own. */
export interface AnswerStore {
  /** Writes answers of any organisations. Of one id the newest stands; to write one again changes nothing. */
  save(answers: readonly StoredAnswer[]): Promise<void>
  get(organization: Organization, id: string): Promise<StoredAnswer | undefined>
  /** The answer to a question that was delivered last. */
  newestOf(organization: Organization, questionHash: string): Promise<StoredAnswer | undefined>
  /** The newest first. */
  page(organization: Organization, wanted: AnswersWanted): Promise<readonly StoredAnswer[]>
  /** What the answers of each version of a prompt came to, the last delivered first; of any organisation where none is given. */
  versions(organization: Organization | undefined, wanted: VersionsWanted): Promise<readonly VersionRow[]>
  /** When they were delivered. */
  versionSlices(
    organization: Organization | undefined,
    wanted: SlicesWanted,
  ): Promise<readonly VersionSlice[]>
  /** Questions that two versions have answered, the worst for the second one first. */
  versionPairs(organization: Organization | undefined, wanted: PairsWanted): Promise<readonly AnswerPair[]>
  versionPairSums(organization: Organization | undefined, wanted: ComparisonWanted): Promise<PairSums>
}
