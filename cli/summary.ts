/** The result of a run, as scripts read it. */
import type { Figures } from './tally.ts'

export interface Summary {
  readonly inputs: number
  readonly invalid: number
  readonly duplicates: number
  readonly delivered: number
  readonly delivered_below_threshold: number
  readonly failed: number
  readonly attempts: number
  readonly calls: number
  readonly calls_bought_twice: number
  readonly tokens: number
  readonly cost_usd: number
  readonly seconds: number
}

export function summaryOf(figures: Figures, boughtTwice: number, seconds: number): Summary {
  return {
    inputs: figures.inputs,
    invalid: figures.invalid,
    duplicates: figures.duplicates,
    delivered: figures.delivered,
    delivered_below_threshold: figures.deliveredBelowThreshold,
    failed: figures.failed + figures.dead,
    attempts: figures.attempts,
    calls: figures.calls,
    calls_bought_twice: boughtTwice,
    tokens: figures.tokens,
    cost_usd: Number(figures.costUsd.toFixed(6)),
    seconds: Number(seconds.toFixed(3)),
  }
}
