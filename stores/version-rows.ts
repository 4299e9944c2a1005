/** Statements about versions, written once for both databases, and what their rows mean. */
import type { AnswerPair, StoredAnswer } from './answers.ts'
import type { Organization } from './organization.ts'
import {
  BINS,
  type ComparisonWanted,
  MARKS,
  type Mark,
  type PairSums,
  type Sums,
  type VersionRow,
  type VersionSlice,
  type VersionsWanted,
} from './versions.ts'

/** In what the databases differ. */
export interface Dialect {
  /** The value of this number, from 1 on. */
  readonly value: (number: number, type: 'text' | 'number') => string
  /** A column of time in whole milliseconds since the epoch. */
  readonly ms: (column: string) => string
  /** A value in milliseconds as the columns have it. */
  readonly time: (value: string) => string
}

const VERSION = 'task_type, prompt_version, model'
/** A version in use has few others beside it. */
export const VERSIONS_MAX = 200

/** Values 1 to 4: organisation, task type, from, to; the first two may be nothing. */
function within({ value, time }: Dialect): string {
  const [organization, taskType] = [value(1, 'text'), value(2, 'text')]
  return `(${organization} IS NULL OR organization_id = ${organization})
  AND (${taskType} IS NULL OR task_type = ${taskType})
  AND response_event.ts >= ${time(value(3, 'number'))} AND response_event.ts < ${time(value(4, 'number'))}`
}

const sums = (name: string, of: string): string =>
  `count(${of}) AS ${name}_count, coalesce(sum(${of}), 0) AS ${name}_sum, coalesce(sum((${of}) * (${of})), 0) AS ${name}_squares`

/** The first bin has all below 1, the last one all from 9 on. */
function bins(mark: Mark): string {
  const all = Array.from({ length: BINS }, (_, bin) => {
    const limits = [bin > 0 && `${mark} >= ${bin}`, bin < BINS - 1 && `${mark} < ${bin + 1}`]
    return `count(*) FILTER (WHERE ${limits.filter(Boolean).join(' AND ')}) AS ${mark}_bin${bin}`
  })
  return all.join(', ')
}

/** Percentiles by the nearest rank. Clocks of two machines can differ: a time before the question is none. */
export const versionsIn = (dialect: Dialect): string => `
WITH timed AS (
  SELECT ${VERSION}, ${MARKS.join(', ')}, below_threshold, cost_usd,
    CAST(error_attempts + quality_attempts AS double precision) AS attempts, ${dialect.ms('ts')} AS at,
    CAST(CASE WHEN ts < asked_at THEN 0 ELSE ${dialect.ms('ts')} - ${dialect.ms('asked_at')} END AS double precision) AS latency
  FROM response_event WHERE ${within(dialect)}
), placed AS (
  SELECT timed.*, row_number() OVER (PARTITION BY ${VERSION} ORDER BY latency) AS place,
    count(*) OVER (PARTITION BY ${VERSION}) AS answers
  FROM timed
)
SELECT ${VERSION}, count(*) AS answers, min(at) AS first_at, max(at) AS last_at,
  count(*) FILTER (WHERE below_threshold) AS below_threshold,
  ${MARKS.map(mark => `${sums(mark, mark)}, ${bins(mark)}`).join(',\n  ')},
  ${sums('attempts', 'attempts')}, ${sums('cost_usd', 'cost_usd')}, ${sums('latency', 'latency')},
  max(latency) FILTER (WHERE place = (answers + 1) / 2) AS p50,
  max(latency) FILTER (WHERE place = (answers * 95 + 99) / 100) AS p95
FROM placed GROUP BY ${VERSION} ORDER BY last_at DESC, ${VERSION} LIMIT ${VERSIONS_MAX + 1}`

/** Value 5 is the width of a slice. */
export function slicesIn(dialect: Dialect): string {
  const [from, width] = [3, 5].map(number => `CAST(${dialect.value(number, 'number')} AS bigint)`)
  return `
SELECT ${VERSION}, (${dialect.ms('ts')} - ${from}) / ${width} AS slice, count(*) AS answers
FROM response_event WHERE ${within(dialect)} GROUP BY ${VERSION}, slice ORDER BY slice, ${VERSION}`
}

/** Values 5 to 8: version and model of a, then of b. A question asked again has its newest answer alone. */
function pairsOf(dialect: Dialect): string {
  const side = (name: string, first: number) => {
    const [version, model] = [dialect.value(first, 'text'), dialect.value(first + 1, 'text')]
    return `${name} AS (
  SELECT id, question_hash, cost_usd, ${MARKS.join(', ')},
    row_number() OVER (PARTITION BY question_hash ORDER BY ts DESC, id DESC) AS age
  FROM response_event WHERE ${within(dialect)}
    AND prompt_version = ${version} AND (${model} IS NULL OR model = ${model})
)`
  }
  return `WITH ${side('a', 5)}, ${side('b', 7)}, pair AS (
  SELECT a.question_hash, a.id AS a_id, b.id AS b_id, b.cost_usd - a.cost_usd AS cost_usd,
    ${MARKS.map(mark => `b.${mark} - a.${mark} AS ${mark}`).join(', ')}
  FROM a JOIN b ON a.question_hash = b.question_hash WHERE a.age = 1 AND b.age = 1
)`
}

/** Values 9 to 11: the pair after which the page begins, and how many it has. The worst is the first. */
export function pairsIn(dialect: Dialect): string {
  const [change, hash] = [dialect.value(9, 'number'), dialect.value(10, 'text')]
  return `
${pairsOf(dialect)}
SELECT question_hash, a_id, b_id, final AS change FROM pair
WHERE ${change} IS NULL OR (final, question_hash) > (${change}, ${hash})
ORDER BY final, question_hash LIMIT CAST(${dialect.value(11, 'number')} AS bigint)`
}

export const pairSumsIn = (dialect: Dialect): string => `
${pairsOf(dialect)}
SELECT count(*) FILTER (WHERE final > 0) AS better, count(*) FILTER (WHERE final < 0) AS worse,
  count(*) FILTER (WHERE final = 0) AS same,
  ${[...MARKS, 'cost_usd'].map(name => sums(name, name)).join(',\n  ')}
FROM pair`

type Found = Readonly<Record<string, unknown>>

const sumsOf = (row: Found, name: string): Sums => ({
  count: Number(row[`${name}_count`]),
  sum: Number(row[`${name}_sum`]),
  squares: Number(row[`${name}_squares`]),
})

const marksOf = <T>(of: (mark: Mark) => T): Readonly<Record<Mark, T>> => ({
  final: of('final'),
  exactness: of('exactness'),
  completeness: of('completeness'),
  clarity: of('clarity'),
  concision: of('concision'),
  usefulness: of('usefulness'),
})

const keyOf = (row: Found) => ({
  taskType: String(row.task_type),
  promptVersion: String(row.prompt_version),
  model: String(row.model),
})

export const versionOf = (row: Found): VersionRow => ({
  ...keyOf(row),
  answers: Number(row.answers),
  firstAt: Number(row.first_at),
  lastAt: Number(row.last_at),
  belowThreshold: Number(row.below_threshold),
  marks: marksOf(mark => ({
    ...sumsOf(row, mark),
    bins: Array.from({ length: BINS }, (_, bin) => Number(row[`${mark}_bin${bin}`])),
  })),
  attempts: sumsOf(row, 'attempts'),
  costUsd: sumsOf(row, 'cost_usd'),
  latencyMs: { ...sumsOf(row, 'latency'), p50: Number(row.p50), p95: Number(row.p95) },
})

export const sliceOf = (row: Found): VersionSlice => ({
  ...keyOf(row),
  slice: Number(row.slice),
  answers: Number(row.answers),
})

export const pairSumsOf = (row: Found): PairSums => ({
  better: Number(row.better),
  worse: Number(row.worse),
  same: Number(row.same),
  marks: marksOf(mark => sumsOf(row, mark)),
  costUsd: sumsOf(row, 'cost_usd'),
})

type Value = string | number | null

/** Values 1 to 4 of every statement here. */
export const rangeValues = (
  organization: Organization | undefined,
  { taskType, from, to }: VersionsWanted,
): readonly Value[] => [organization ?? null, taskType ?? null, from, to]

/** Values 1 to 8 of the statements about pairs. */
export const sideValues = (
  organization: Organization | undefined,
  wanted: ComparisonWanted,
): readonly Value[] => [
  ...rangeValues(organization, wanted),
  ...[wanted.a, wanted.b].flatMap(({ promptVersion, model }) => [promptVersion, model ?? null]),
]

/** The answers that rows of pairs name. */
export const idsOf = (rows: readonly Found[]): readonly string[] =>
  rows.flatMap(row => [String(row.a_id), String(row.b_id)])

/** Without a pair of which an answer was removed meanwhile. */
export function pairsWith(rows: readonly Found[], answers: readonly StoredAnswer[]): readonly AnswerPair[] {
  const byId = new Map(answers.map(each => [each.id, each]))
  return rows.flatMap(row => {
    const [a, b] = [byId.get(String(row.a_id)), byId.get(String(row.b_id))]
    return a && b ? [{ questionHash: String(row.question_hash), change: Number(row.change), a, b }] : []
  })
}
