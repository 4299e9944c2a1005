/** The status of a pipeline in figures: its stages now, and the outcomes of the inputs so far. */
import type { PodMetrics } from '#core/pod-metrics.ts'
import type { Plan } from '#topology/plan.ts'
import type { Tally } from './tally.ts'

/** The figures of one stage in one pod since its start. */
export interface StageStatus {
  readonly stage: string
  readonly recordsIn: number
  readonly recordsOut: number
  readonly inFlight: number
  readonly waiting: number
  /** Exceptions, and errors that the stage wrote to a topic instead. */
  readonly errors: number
}

/** Figures of each stage since the pod began, in the order of the graph. */
export function stageStatus(plan: Plan, metrics: PodMetrics, tally: Tally): readonly StageStatus[] {
  return plan.stages.map(({ name }) => {
    const { recordsIn, recordsOut, inFlight, waiting, buffered, failed } = metrics.stage(name)
    return {
      stage: name,
      recordsIn,
      recordsOut,
      inFlight,
      waiting: waiting + buffered,
      errors: failed + tally.errorsAt(name),
    }
  })
}

/** The outcomes of all inputs of a log. Names are those of the JSON that `caudal start --json` prints. */
export interface Summary {
  readonly inputs: number
  /** Events that this run did not feed, because the topic does not take as much. They are no inputs. */
  readonly too_large: number
  readonly invalid: number
  /** The first faults of the events that were set aside, and how many have each. */
  readonly invalid_by_reason: Readonly<Record<string, number>>
  readonly duplicates: number
  readonly delivered: number
  readonly delivered_below_threshold: number
  readonly failed: number
  /** Why questions failed, and how many for each reason. */
  readonly failed_by_reason: Readonly<Record<string, number>>
  /** Dead letters, which `failed` counts too. */
  readonly dead_letters: number
  /** Inputs without an outcome yet. What their calls have cost so far is in none of the figures below. */
  readonly without_outcome: number
  readonly attempts: number
  readonly calls: number
  readonly calls_bought_twice: number
  readonly tokens: number
  /** `null` if the price of a model is not known. */
  readonly cost_usd: number | null
  readonly seconds: number
}

/** Counts cover all that the log holds. Seconds are those of this run. */
export function summaryOf(
  { figures, reasons, invalidReasons, open }: Tally,
  boughtTwice: number,
  elapsedMs: number,
  tooLarge: number,
): Summary {
  return {
    inputs: figures.inputs,
    too_large: tooLarge,
    invalid: figures.invalid,
    invalid_by_reason: Object.fromEntries(invalidReasons),
    duplicates: figures.duplicates,
    delivered: figures.delivered,
    delivered_below_threshold: figures.deliveredBelowThreshold,
    failed: figures.failed + figures.dead,
    failed_by_reason: Object.fromEntries(reasons),
    dead_letters: figures.dead,
    without_outcome: Math.max(0, open),
    attempts: figures.attempts,
    calls: figures.calls,
    calls_bought_twice: boughtTwice,
    tokens: figures.tokens,
    cost_usd: figures.unpriced > 0 ? null : Number(figures.costUsd.toFixed(6)),
    seconds: Number((elapsedMs / 1_000).toFixed(3)),
  }
}
