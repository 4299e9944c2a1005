/** How figures of prompt versions look to a caller: means with their intervals, and nothing where nothing is known. */
import { FEW, type Interval, meanInterval, meanOf, shareInterval } from '#admin/intervals.ts'
import { TOPICS } from '#answers/topics.ts'
import {
  MARKS,
  type Mark,
  type PairSums,
  type Sums,
  type VersionKey,
  type VersionRow,
  type VersionSlice,
} from '#stores/versions.ts'
import { iso } from './views.ts'

const text = (description: string) => ({ type: 'string', description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const

const INTERVAL = {
  type: 'array',
  items: { type: 'number' },
  minItems: 2,
  maxItems: 2,
  description: 'Both ends of the interval of 95 %; absent where there are too few values for one.',
} as const

const MEASURED = {
  type: 'object',
  properties: {
    mean: { type: 'number', description: 'Absent where there is no value.' },
    interval: INTERVAL,
  },
  additionalProperties: false,
} as const

const DISTRIBUTED = {
  ...MEASURED,
  properties: {
    ...MEASURED.properties,
    bins: {
      type: 'array',
      items: { type: 'integer' },
      description: 'How many answers lie in each of ten bins of one point, from 0 to 10.',
    },
  },
  required: ['bins'],
} as const

const marksOf = <const S>(schema: S) =>
  ({
    final: schema,
    exactness: schema,
    completeness: schema,
    clarity: schema,
    concision: schema,
    usefulness: schema,
  }) as const satisfies Record<Mark, S>

const COST = {
  type: 'object',
  properties: {
    ...MEASURED.properties,
    total: { type: 'number', description: 'Of the answers whose price is known; absent where none is.' },
    unpriced: whole('Answers whose price is not known: they are in no sum.'),
  },
  required: ['unpriced'],
  additionalProperties: false,
} as const

/** One version as a caller sees it. */
export const VERSION = {
  type: 'object',
  properties: {
    task_type: text('Which task it is.'),
    prompt_version: text(`Of the declaration, and behind a plus the change of ${TOPICS.config}.`),
    model: text('The model that answered.'),
    answers: whole('Delivered answers. Questions that failed are none.'),
    few: { type: 'boolean', description: `Whether they are fewer than ${FEW}, which says little.` },
    first_at: text('When the first of them was delivered, ISO 8601.'),
    last_at: text('When the last of them was delivered, ISO 8601.'),
    marks: {
      type: 'object',
      properties: marksOf(DISTRIBUTED),
      required: MARKS,
      additionalProperties: false,
    },
    below_threshold: {
      type: 'object',
      properties: {
        count: whole('Answers that did not reach the threshold.'),
        share: { type: 'number', description: 'Of all, 0 to 1.' },
        interval: INTERVAL,
      },
      required: ['count', 'share'],
      additionalProperties: false,
    },
    attempts: MEASURED,
    cost_usd: COST,
    latency_ms: {
      type: 'object',
      properties: {
        ...MEASURED.properties,
        p50: { type: 'number', description: 'Half of the answers took no longer.' },
        p95: { type: 'number', description: 'Of 100 answers 95 took no longer.' },
      },
      required: ['p50', 'p95'],
      additionalProperties: false,
    },
  },
  required: [
    ...['task_type', 'prompt_version', 'model', 'answers', 'few', 'first_at', 'last_at'],
    ...['marks', 'below_threshold', 'attempts', 'cost_usd', 'latency_ms'],
  ] as const,
  additionalProperties: false,
} as const

/** Which versions were live when. */
export const SLICES = {
  type: 'object',
  properties: {
    from: text('When the first slice begins, ISO 8601.'),
    width_ms: { type: 'number', description: 'Milliseconds of each slice.' },
    slices: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          ...{ slice: whole('Which one, from 0 on. One without answers is not listed.') },
          ...{ task_type: VERSION.properties.task_type, model: VERSION.properties.model },
          ...{ prompt_version: VERSION.properties.prompt_version, answers: whole('Delivered in it.') },
        },
        required: ['slice', 'task_type', 'prompt_version', 'model', 'answers'],
        additionalProperties: false,
      },
    },
  },
  required: ['from', 'width_ms', 'slices'],
  additionalProperties: false,
} as const

/** All pairs of a comparison together. */
export const PAIRS_TOGETHER = {
  type: 'object',
  properties: {
    pairs: whole('Questions that both have answered.'),
    few: { type: 'boolean', description: `Whether they are fewer than ${FEW}, which says little.` },
    better: whole('Pairs in which b has the higher final score.'),
    worse: whole('Pairs in which b has the lower one.'),
    same: whole('Pairs in which both have the same.'),
    change: {
      type: 'object',
      properties: marksOf(MEASURED),
      required: MARKS,
      additionalProperties: false,
      description: 'Of b without a, pair by pair.',
    },
    cost_change_usd: { ...MEASURED, description: 'Of the pairs whose prices are both known.' },
    unpriced: whole('Pairs of which a price is not known.'),
  },
  required: ['pairs', 'few', 'better', 'worse', 'same', 'change', 'cost_change_usd', 'unpriced'],
  additionalProperties: false,
} as const

const given = (interval: Interval | undefined) => (interval ? { interval } : {})

function measured(sums: Sums) {
  const mean = meanOf(sums)
  return { ...(mean !== undefined && { mean }), ...given(meanInterval(sums)) }
}

const eachMark = (view: (mark: Mark) => object): object =>
  Object.fromEntries(MARKS.map(mark => [mark, view(mark)]))

const keyView = ({ taskType, promptVersion, model }: VersionKey) => ({
  task_type: taskType,
  prompt_version: promptVersion,
  model,
})

export function versionView(row: VersionRow): object {
  const { answers, marks, belowThreshold, attempts, costUsd, latencyMs } = row
  return {
    ...keyView(row),
    answers,
    few: answers < FEW,
    first_at: iso(row.firstAt),
    last_at: iso(row.lastAt),
    marks: eachMark(mark => ({ ...measured(marks[mark]), bins: marks[mark].bins })),
    below_threshold: {
      count: belowThreshold,
      share: belowThreshold / answers,
      ...given(shareInterval(belowThreshold, answers)),
    },
    attempts: measured(attempts),
    cost_usd: {
      ...measured(costUsd),
      ...(costUsd.count > 0 && { total: costUsd.sum }),
      unpriced: answers - costUsd.count,
    },
    latency_ms: { ...measured(latencyMs), p50: latencyMs.p50, p95: latencyMs.p95 },
  }
}

export const sliceView = (row: VersionSlice): object => ({
  ...keyView(row),
  slice: row.slice,
  answers: row.answers,
})

export function togetherView({ better, worse, same, marks, costUsd }: PairSums): object {
  const pairs = marks.final.count
  return {
    ...{ pairs, few: pairs < FEW, better, worse, same },
    change: eachMark(mark => measured(marks[mark])),
    cost_change_usd: measured(costUsd),
    unpriced: pairs - costUsd.count,
  }
}
