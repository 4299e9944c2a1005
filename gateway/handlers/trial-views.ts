/** How a trial looks to a caller: its progress, and what was recorded beside what the candidate came to. */

import type { Trial, TrialPair } from '#pipelines/trials.ts'
import type { Mark, PairSums, Sums } from '#stores/versions.ts'
import { PAIRS_TOGETHER, togetherView } from './version-views.ts'
import { ANSWER_FIELDS, RUN_FIELDS, storedRunView, storedView } from './views.ts'

const TRIED = {
  type: 'object',
  properties: {
    answer: { type: 'string', description: 'The text of the answer.' },
    model: { type: 'string', description: 'The model that answered.' },
    scores: { description: 'What the judge gave for each criterion.' },
    final: { type: 'number', description: 'By the weights of the candidate.' },
    below_threshold: {
      type: 'boolean',
      description: 'Whether it lies below the threshold of the candidate.',
    },
    cost_usd: { type: 'number', description: 'Absent where a price is not known.' },
    reused: {
      type: 'string',
      enum: ['answer', 'verdict', 'nothing'],
      description: 'What was recorded and not bought again.',
    },
  },
  required: ['answer', 'model', 'scores', 'final', 'below_threshold', 'reused'],
  additionalProperties: false,
} as const

export const TRIAL = {
  type: 'object',
  properties: {
    id: { type: 'string', description: 'Of the trial.' },
    state: { type: 'string', enum: ['running', 'done', 'stopped'] },
    stopped_by: {
      type: 'string',
      enum: ['ceiling', 'price_unknown', 'brake', 'person', 'gateway_ended'],
      description: 'Why not every question was tried.',
    },
    of: { type: 'integer', description: 'Questions of the trial.' },
    done: { type: 'integer', description: 'Questions that were tried.' },
    failed: { type: 'integer', description: 'Of these, questions without an answer of use.' },
    spent_usd: { type: 'number', description: 'Without calls whose price is not known.' },
    together: { ...PAIRS_TOGETHER, description: 'All pairs: a was recorded, b is the candidate.' },
    pairs: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: RUN_FIELDS.id,
          change: { type: 'number', description: 'The final score of b without that of a.' },
          a: {
            type: 'object',
            properties: { ...RUN_FIELDS, ...ANSWER_FIELDS },
            additionalProperties: false,
          },
          b: TRIED,
        },
        required: ['id', 'change', 'a', 'b'],
        additionalProperties: false,
      },
    },
  },
  required: ['id', 'state', 'of', 'done', 'failed', 'spent_usd', 'together', 'pairs'],
  additionalProperties: false,
} as const

export function trialView(trial: Trial, pairs: readonly TrialPair[], limit: number): object {
  const { id, state, stopped_by, of, done, failed, spent_usd } = trial
  return {
    ...{ id, state, ...(stopped_by !== undefined && { stopped_by }), of, done, failed, spent_usd },
    together: togetherView(sumsIn(pairs)),
    pairs: pairs.slice(0, limit).map(pairView),
  }
}

const pairView = ({ recorded, tried }: TrialPair): object => ({
  id: recorded.questionHash,
  change: tried.final - recorded.final,
  a: { ...storedRunView(recorded), ...storedView(recorded) },
  b: tried,
})

function sumsIn(pairs: readonly TrialPair[]): PairSums {
  const changes = pairs.map(pair => changeOf('final', pair))
  const of = (mark: Mark): Sums => sumsOf(pairs.map(pair => changeOf(mark, pair)))
  const costs = pairs.flatMap(({ recorded: { costUsd }, tried: { cost_usd } }) =>
    costUsd === undefined || cost_usd === undefined ? [] : [cost_usd - costUsd],
  )
  return {
    better: changes.filter(change => change > 0).length,
    worse: changes.filter(change => change < 0).length,
    same: changes.filter(change => change === 0).length,
    marks: {
      ...{ final: of('final'), exactness: of('exactness'), completeness: of('completeness') },
      ...{ clarity: of('clarity'), concision: of('concision'), usefulness: of('usefulness') },
    },
    costUsd: sumsOf(costs),
  }
}

const changeOf = (mark: Mark, { recorded, tried }: TrialPair): number =>
  mark === 'final' ? tried.final - recorded.final : tried.scores[mark] - recorded.scores[mark]

const sumsOf = (values: readonly number[]): Sums => ({
  count: values.length,
  sum: values.reduce((sum, value) => sum + value, 0),
  squares: values.reduce((sum, value) => sum + value * value, 0),
})
