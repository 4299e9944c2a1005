/** The outcomes of the inputs, counted from the topics themselves. */

import { TOPICS } from '#answers/topics.ts'
import type { Delivered, Failed, LlmRequest, Spent, Step } from '#answers/types.ts'
import { Values } from '#answers/values.ts'
import { asShown } from '#core/codec.ts'
import { cut } from '#core/cut.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import { followOutcomes } from '#pipelines/outcomes.ts'
import type { Plan } from '#topology/plan.ts'
import { Admissions } from './admissions.ts'

const REASON_CHARACTERS_MAX = 200
const REASONS_MAX = 100
const OTHER_REASONS = 'other reasons'

/** Counts over all inputs of a log. */
export interface Figures {
  inputs: number
  /** Set aside by ingest, with every fault named. */
  invalid: number
  /** Events whose id was admitted before. */
  duplicates: number
  delivered: number
  deliveredBelowThreshold: number
  /** Questions with no attempt left. */
  failed: number
  /** Dead letters: the fault is in the pipeline, not in the input. */
  dead: number
  attempts: number
  calls: number
  tokens: number
  /** Cost of the questions whose cost is known. */
  costUsd: number
  /** Questions whose cost is not known. */
  unpriced: number
}

/** What was spent on the questions of one kind that have an outcome. */
export interface Spending extends Figured {
  readonly taskType: string
  /** The model of the answer, or `none` without an answer. */
  readonly model: string
  readonly organization: string
}

interface Figured {
  calls: number
  tokens: number
  costUsd: number
  /** Questions whose cost is not known. */
  unpriced: number
}

interface Kind {
  readonly task_type: string
  readonly organization_id?: string | undefined
  readonly model: string
}

/** What a question that was given up has added to the figures. The question itself is as long as its texts and history. */
interface Counted {
  readonly id: string
  readonly reason: string
  readonly attempts: number
  readonly spent: Pick<Spent, 'calls' | 'tokens_prompt' | 'tokens_completion' | 'cost_usd'>
  readonly spending: Figured
}

/** How many rows are kept apart. Further organisations share the row `other`. */
const SPENDINGS_MAX = 10_000

/** Called with each outcome as it is counted. */
export interface TallyListener {
  delivered?(delivered: Delivered): void
  failed?(failed: Failed): void
}

/**
 * Follows the topics from their beginning. So the figures cover all that the log holds, whichever process did the work. Only
 * committed records count, so a crash changes no figure.
 */
export class Tally {
  readonly figures: Figures = {
    inputs: 0,
    invalid: 0,
    duplicates: 0,
    delivered: 0,
    deliveredBelowThreshold: 0,
    failed: 0,
    dead: 0,
    attempts: 0,
    calls: 0,
    tokens: 0,
    costUsd: 0,
    unpriced: 0,
  }
  /** How many questions failed, by reason. */
  readonly reasons = new Map<string, number>()
  /** How many events were set aside, by their first fault. */
  readonly invalidReasons = new Map<string, number>()
  readonly #admissions = new Admissions()
  readonly #errors: Record<Step, number> = { generate: 0, judge: 0 }
  /** What was counted of questions that were given up, by `partition/offset`, in case they are sent again. */
  readonly #failures = new Map<string, Counted>()
  readonly #listener: TallyListener
  readonly #spendings = new Map<string, Spending>()
  #scoreSum = 0
  #following: readonly Following[] = []

  constructor(listener: TallyListener = {}) {
    this.#listener = listener
  }

  async start(log: Log, system: System, plan: Plan): Promise<void> {
    const values = new Values(plan)
    const counted = (topic: string, onRecord: (record: LogRecord) => unknown) =>
      follow(log, { topic, from: 'start', system, onRecord })
    this.#following = await Promise.all([
      counted(TOPICS.raw, () => this.figures.inputs++),
      counted(TOPICS.intake, ({ key }) => {
        this.#admissions.taken(key ? asShown(key) : '')
        this.#countDuplicates()
      }),
      counted(TOPICS.errors, async ({ value }) => {
        if (value) this.#errors[(await values.read(TOPICS.errors, value)).step]++
      }),
      followOutcomes(
        { log, system, plan, from: 'start' },
        {
          failed: (failed, place) => this.#failed(failed, place),
          unfailed: place => this.#unfailed(place),
          delivered: delivered => this.#delivered(delivered),
          dead: () => this.figures.dead++,
          undead: () => this.figures.dead--,
        },
      ),
    ])
  }

  /** Resolves when everything that the topics hold now is counted. */
  async caughtUp(): Promise<void> {
    await Promise.all(this.#following.map(following => following.caughtUp()))
  }

  /** Inputs without an outcome so far. */
  get open(): number {
    const { inputs, invalid, duplicates, delivered, failed, dead } = this.figures
    return inputs - invalid - duplicates - delivered - failed - dead
  }

  /** Mean score of the delivered answers. `undefined` before the first. */
  get meanScore(): number | undefined {
    const { delivered } = this.figures
    return delivered === 0 ? undefined : this.#scoreSum / delivered
  }

  /** The cost of all questions with an outcome, whichever process made the calls. */
  get spendings(): readonly Spending[] {
    return [...this.#spendings.values()].filter(({ calls }) => calls > 0)
  }

  /** Errors of a stage that are no exceptions: the stage writes them to a topic. */
  errorsAt(stage: string): number {
    if (stage === 'ingest') return this.figures.invalid
    return stage === 'generate' ? this.#errors.generate : stage === 'score' ? this.#errors.judge : 0
  }

  close(): void {
    for (const each of this.#following) each.close()
  }

  #outcome(id: string, by: 1 | -1): void {
    this.#admissions.outcome(id, by)
    this.#countDuplicates()
  }

  #countDuplicates(): void {
    this.figures.duplicates = this.#admissions.duplicates
  }

  #failed(failed: Failed, place: string): void {
    const { reason, request } = failed
    this.#listener.failed?.(failed)
    if (reason === 'invalid_input') this.#invalid(failed)
    else this.figures.failed++
    if (!request) return
    const counted = this.#countedOf(request, this.#reasonOf(failed))
    this.#failures.set(place, counted)
    this.#count(counted, 1)
  }

  /** Without what the reader of JSON quotes, which differs from event to event. */
  #invalid({ faults }: Failed): void {
    this.figures.invalid++
    const [said = ''] = /^the event is not JSON|^.*/s.exec(faults[0] ?? '') ?? []
    const reason = listedIn(this.invalidReasons, cut(said, REASON_CHARACTERS_MAX))
    this.invalidReasons.set(reason, (this.invalidReasons.get(reason) ?? 0) + 1)
  }

  /** Takes back a failure that was sent again. Its next outcome includes its cost so far. */
  #unfailed(place: string): void {
    const counted = this.#failures.get(place)
    if (!counted) return
    this.#failures.delete(place)
    this.figures.failed--
    this.#count(counted, -1)
  }

  /** The last reason, without its number of calls. Reasons beyond the limit share one entry. */
  #reasonOf({ faults }: Failed): string {
    const [, said = faults[0] ?? ''] = /^\d+ calls? failed, the last by (.*)$/s.exec(faults[0] ?? '') ?? []
    return listedIn(this.reasons, cut(said, REASON_CHARACTERS_MAX))
  }

  #countedOf(request: LlmRequest, reason: string): Counted {
    const { id, error_attempts, quality_attempts, best } = request
    const { calls, tokens_prompt, tokens_completion, cost_usd } = request.spent
    return {
      id,
      // The one that is there already, where there is one: equal texts would each be held.
      reason: [...this.reasons.keys()].find(known => known === reason) ?? reason,
      attempts: error_attempts + quality_attempts,
      spent: { calls, tokens_prompt, tokens_completion, cost_usd },
      spending: this.#spendingOf({ ...request, model: best?.model ?? 'none' }),
    }
  }

  /** Counts the cost of a question that was given up. Its attempts count from its last replay. */
  #count({ id, reason, attempts, spent, spending }: Counted, sign: 1 | -1): void {
    const count = (this.reasons.get(reason) ?? 0) + sign
    if (count > 0) this.reasons.set(reason, count)
    else this.reasons.delete(reason)
    this.#outcome(id, sign)
    this.#spent(spent, spending, sign)
    this.figures.attempts += sign * attempts
  }

  #delivered(delivered: Delivered): void {
    this.figures.delivered++
    this.#outcome(delivered.id, 1)
    if (delivered.below_threshold) this.figures.deliveredBelowThreshold++
    this.#scoreSum += delivered.final
    this.#spent(delivered, this.#spendingOf(delivered), 1)
    this.figures.attempts += delivered.attempts
    this.#listener.delivered?.(delivered)
  }

  #spent(spent: Counted['spent'], spending: Figured, sign: 1 | -1): void {
    for (const figures of [this.figures, spending]) {
      figures.calls += sign * spent.calls
      figures.tokens += sign * (spent.tokens_prompt + spent.tokens_completion)
      if (spent.cost_usd === undefined) figures.unpriced += sign
      else figures.costUsd += sign * spent.cost_usd
    }
  }

  #spendingOf({ task_type: taskType, model, organization_id = 'none' }: Kind): Figured {
    const nameOf = (organization: string) => [taskType, model, organization].join('\u0000')
    const isKept = this.#spendings.has(nameOf(organization_id)) || this.#spendings.size < SPENDINGS_MAX
    const organization = isKept ? organization_id : 'other'
    const name = nameOf(organization)
    const spending = this.#spendings.get(name) ?? { taskType, model, organization, ...NOTHING }
    this.#spendings.set(name, spending)
    return spending
  }
}

const listedIn = (reasons: ReadonlyMap<string, number>, reason: string): string =>
  reasons.has(reason) || reasons.size < REASONS_MAX ? reason : OTHER_REASONS

const NOTHING: Figured = { calls: 0, tokens: 0, costUsd: 0, unpriced: 0 }
