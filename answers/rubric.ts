/** The rubric: five criteria with weights, the final score, and the judge's verdict as checked data. */
import { beginning } from '#core/cut.ts'
import type { JsonSchema } from '#models/model.ts'
import { readJson, validator } from '#models/structured.ts'
import { type VerdictShape, verdictIn } from './verdict.ts'

/** What a judge scores. */
export const CRITERIA = ['exactness', 'completeness', 'clarity', 'concision', 'usefulness'] as const
/** One of the criteria. */
export type Criterion = (typeof CRITERIA)[number]
/** How much each criterion counts; only the proportions matter. */
export type Weights = Readonly<Record<Criterion, number>>
/** 0 to 10 for each criterion. */
export type Scores = Readonly<Record<Criterion, number>>

/** What a judge says about one answer. */
export interface Verdict {
  readonly scores: Scores
  /** What to do better, in words for the next attempt. */
  readonly feedback: string
}

/** The weights of a task type that declares none. */
export const WEIGHTS: Weights = { exactness: 40, completeness: 25, clarity: 20, concision: 10, usefulness: 5 }
/** The best score of a criterion; the worst is 0. */
export const SCORE_MAX = 10
/** The final score from which an answer is delivered, where nothing else is set. */
export const THRESHOLD = 6

/**
 * The weighted arithmetic mean, sum(weight * score) / sum(weight), rounded to two places, on the scale of the criteria.
 * The weights (40, 25, 20, 10, 5), the 0-10 scale and the threshold of 6 are the defaults of the rubric, see
 * docs/pipeline.md. The mean is the simple additive weighting of multi-criteria decisions (Hwang and Yoon, 1981).
 */
export function finalScore(scores: Scores, weights: Weights = WEIGHTS): number {
  const total = CRITERIA.reduce((sum, criterion) => sum + weights[criterion], 0)
  const weighted = CRITERIA.reduce((sum, criterion) => sum + weights[criterion] * scores[criterion], 0)
  return Math.round((weighted / total) * 100) / 100
}

/** Faults of weights that come from outside. */
export function weightFaults(weights: Readonly<Record<string, unknown>>): readonly string[] {
  const criteria: readonly string[] = CRITERIA
  const missing = criteria.filter(name => weights[name] === undefined)
  const faults = Object.entries(weights).flatMap(([name, weight]) => {
    if (!criteria.includes(name)) return [`there is no criterion ${name}: there are ${criteria.join(', ')}`]
    return weight === undefined || isWeight(weight) ? [] : [`weight of ${name} must be a number of 0 or more`]
  })
  if (missing.length > 0)
    faults.push(`weights are given for all criteria or none: ${missing.join(', ')} missing`)
  if (faults.length === 0 && CRITERIA.every(name => weights[name] === 0))
    faults.push('one weight must be above 0')
  return faults
}

const isWeight = (weight: unknown) => typeof weight === 'number' && Number.isFinite(weight) && weight >= 0

const score = { type: 'number', minimum: 0, maximum: SCORE_MAX }

/** The JSON schema of a judge's reply. */
export const VERDICT_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: [...CRITERIA, 'feedback'],
  properties: {
    ...Object.fromEntries(CRITERIA.map(criterion => [criterion, score])),
    feedback: { type: 'string' },
  },
}
const FEEDBACK_CHARACTERS_MAX = 2_000
/** The name of that schema in requests. */
export const VERDICT_NAME = 'verdict'

type VerdictJson = Scores & { readonly feedback: string }
const verdictFaults = validator(VERDICT_SCHEMA)
const SHAPE: VerdictShape = { criteria: CRITERIA, fits: verdict => verdictFaults(verdict).length === 0 }

/**
 * Reads a judge's reply. Scores outside 0-10 are refused and not clamped, since a judge that answers on another scale would
 * pass everything. The final score is always computed here, never taken from the judge. A number given as text, or with
 * its reason in an object, is read as a number. A verdict without feedback has none. Text around the verdict is ignored:
 * asking again would buy the same reply once more.
 */
export function readVerdict(reply: string): Verdict | { readonly faults: readonly string[] } {
  const json = readJson(reply)
  if ('faults' in json) return json
  const verdict = verdictIn(json.value, SHAPE)
  const faults = verdictFaults(verdict)
  if (faults.length > 0) return { faults }
  const { feedback, ...scores } = verdict as VerdictJson // The schema above has just been checked.
  return { scores, feedback: beginning(feedback, FEEDBACK_CHARACTERS_MAX) }
}
