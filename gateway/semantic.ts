/**
 * Answers to questions in other words, and their audit. A share of the hits is asked again, with the served answer as the
 * reference: the pipeline's judge then compares the two. Too many false hits switch the index of the task type off.
 */
import type { Intake } from '#answers/types.ts'
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { Organization } from '#stores/organization.ts'
import type { Hit, Refusal, Search, SemanticIndex } from '#stores/semantic.ts'
import { questionText } from '#stores/semantic.ts'

/** What the audit has found so far. */
export interface Audit {
  audited(wasFalse: boolean): void
  /** Why the index has to be off; nothing while it may be on. */
  verdict(): string | undefined
}

export interface SemanticOptions {
  readonly index: SemanticIndex
  /** Task types whose index is on. */
  readonly taskTypes: ReadonlySet<string>
  /** Of the prompt that answers of a task type are made with now; nothing where it is not known. */
  promptVersion(taskType: string): string | undefined
  /** Whether the hit of a request is audited. */
  isAudited(requestId: string): boolean
  readonly audit: (taskType: string) => Audit
  readonly logger: Logger
}

/** An answer whose truth its judge doubts, given the served one as the reference. */
const EXACT_MIN = 5

export class Semantic {
  readonly #options: SemanticOptions
  readonly #audits = new Map<string, Audit>()

  constructor(options: SemanticOptions) {
    this.#options = options
  }

  get index(): SemanticIndex {
    return this.#options.index
  }

  /** What an operator of the gateway is shown. */
  statistics(): object {
    const { index, taskTypes } = this.#options
    const { entries, searches, hits, refused, failed, meanSimilarity, savedUsd } = index.statistics()
    const off = [...taskTypes].flatMap(taskType => {
      const reason = index.offReason(taskType)
      return reason === undefined ? [] : [{ task_type: taskType, reason }]
    })
    return {
      ...{ entries, searches, hits, refused, failed, off, saved_usd: savedUsd },
      ...(searches > 0 && { hit_rate: hits / searches }),
      ...(meanSimilarity !== undefined && { mean_similarity: meanSimilarity }),
    }
  }

  isOn(taskType: string): boolean {
    return this.#options.taskTypes.has(taskType)
  }

  /** Nothing where the index is off, where nothing is near enough, and where the prompt's version is not known. */
  async nearest(
    organization: Organization,
    intake: Intake,
    search: Search,
  ): Promise<Hit | Refusal | undefined> {
    const { index, promptVersion } = this.#options
    const { task_type: taskType, title, content } = intake
    const version = this.isOn(taskType) ? promptVersion(taskType) : undefined
    if (version === undefined) return undefined
    return index.nearest(organization, taskType, version, questionText(title, content), search)
  }

  isAudited(requestId: string): boolean {
    return this.#options.isAudited(requestId)
  }

  /** The judge has compared a new answer with the one that was served. */
  async audited(taskType: string, exactness: number): Promise<void> {
    const { index, logger } = this.#options
    const audit = this.#audits.get(taskType) ?? this.#options.audit(taskType)
    this.#audits.set(taskType, audit)
    audit.audited(exactness < EXACT_MIN)
    const verdict = audit.verdict()
    if (verdict === undefined || index.offReason(taskType) !== undefined) return
    await index.switchOff(taskType, verdict).catch(error =>
      logger.error('this gateway turned its semantic index off and could not inform other gateways', {
        task_type: taskType,
        error: reasonOf(error),
      }),
    )
  }
}
