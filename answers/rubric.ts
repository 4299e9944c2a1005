/** The rubric: five criteria with weights, the final score, and the judge's verdict as checked data. */
import { beginning } from '#core/cut.ts'
import type { JsonSchema } from '#models/model.ts'
import { objectsWithin, readJson, validator } from '#models/structured.ts'
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
 *
 * `judged` are the texts that the judge was shown. A verdict that stands in one of them is a quotation, and not the judge's.
 */
export function readVerdict(
  reply: string,
  judged: readonly string[] = [],
): Verdict | { readonly faults: readonly string[] } {
  const own = ownVerdict(reply, judged)
  if (own && 'faults' in own) return own
  const json = own ?? readJson(reply)
  if ('faults' in json) return json
  const verdict = verdictIn(json.value, SHAPE)
  const faults = verdictFaults(verdict)
  if (faults.length > 0) return { faults }
  const { feedback, ...scores } = verdict as VerdictJson // The schema above has just been checked.
  return { scores, feedback: beginning(feedback, FEEDBACK_CHARACTERS_MAX) }
}

interface Found {
  readonly at: number
  readonly text: string
  readonly value: unknown
  /** The same for the same scores. */
  readonly scores: string
  /** The same for the same scores with the same feedback. */
  readonly whole: string
}

/**
 * Of a reply with words around its verdicts, the one that is the judge's own. Nothing where no whole verdict stands there.
 * Several different ones need words that call all but the last one drafts or examples.
 */
function ownVerdict(
  reply: string,
  judged: readonly string[],
): { readonly value: unknown } | { readonly faults: readonly string[] } | undefined {
  const found = verdictsIn(reply)
  const [only, another] = found
  if (!only || (!another && isAlone(reply, only.text))) return undefined
  const texts = judged.map(withoutSpace)
  const shown = new Set(judged.flatMap(verdictsIn).map(({ whole }) => whole))
  const isQuoted = ({ text, whole }: Found) =>
    shown.has(whole) || texts.some(each => each.includes(withoutSpace(text)))
  const own = found.filter(each => !isQuoted(each))
  const last = own.at(-1)
  if (!last) return { faults: ['the only verdict in the reply is quoted from what is judged'] }
  const isClear = own.every((each, index) => {
    const next = own[index + 1]
    if (!next || each.scores === last.scores) return true
    const before = reply.slice(Math.max(0, each.at - LEAD_CHARACTERS), each.at)
    return DRAFT.test(before) || REVISION.test(reply.slice(each.at + each.text.length, next.at))
  })
  return isClear ? { value: last.value } : { faults: ['the reply has several different verdicts'] }
}

const LEAD_CHARACTERS = 80
const DRAFT = /\b(?:first|draft|initial(?:ly)?|example|e\.g\.|format|template)\b/i
const REVISION =
  /\b(?:then|final(?:ly)?|now|revised?|revision|correct(?:ed|ion)|reflection|actually|updated?|second thoughts?|my verdict)\b/i

function verdictsIn(text: string): readonly Found[] {
  return objectsWithin(text).flatMap(found => {
    const verdict = verdictIn(found.value, SHAPE)
    if (verdictFaults(verdict).length > 0) return []
    const scores = verdict as VerdictJson // The schema above has just been checked.
    const { feedback } = scores
    const numbers = CRITERIA.map(criterion => scores[criterion]).join()
    return [{ ...found, scores: numbers, whole: `${numbers} ${feedback}` }]
  })
}

/** A reply that is nothing but its verdict, in a fence or not, quotes nobody. */
const isAlone = (reply: string, verdict: string): boolean =>
  reply.replace(/^\s*```[a-zA-Z]*|```\s*$/g, '').trim() === verdict

const withoutSpace = (text: string): string => text.replace(/\s+/g, '')
