/** Stored answers as rows of `response_event`, in whatever database: the columns, and both ways between. */
import type { StoredAnswer } from './answers.ts'
import { type Organization, organizationOf } from './organization.ts'

/** What a column holds, as its adapter declares it. */
export type ColumnType = 'text' | 'json' | 'number' | 'integer' | 'flag' | 'time'

/** All columns, in the order of an insert. The background's queries use `question_hash`, `score` and `ts`. */
export const COLUMNS = {
  id: 'text',
  organization_id: 'text',
  question_hash: 'text',
  ts: 'time',
  task_type: 'text',
  user_id: 'text',
  title: 'text',
  content: 'text',
  answer: 'text',
  structured: 'json',
  score: 'json',
  final: 'number',
  exactness: 'number',
  completeness: 'number',
  clarity: 'number',
  concision: 'number',
  usefulness: 'number',
  below_threshold: 'flag',
  error_attempts: 'integer',
  quality_attempts: 'integer',
  model: 'text',
  prompt_version: 'text',
  request_id: 'text',
  calls: 'integer',
  tokens_prompt: 'integer',
  tokens_completion: 'integer',
  cost_usd: 'number',
  asked_at: 'time',
  trace_id: 'text',
} as const satisfies Record<string, ColumnType>

/** A column of the table `response_event`. */
export type Column = keyof typeof COLUMNS
/** JSON as text, times as milliseconds since the epoch. */
export type Row = Readonly<Record<Column, string | number | boolean | null>>

/** Every column, in the order of a statement. */
export const COLUMN_NAMES = Object.keys(COLUMNS) as readonly Column[] // Object.keys forgets the names of a constant.

/** The row of an answer. Texts lose what no database takes: half a character, and a character of code 0. */
export function rowOf(answer: StoredAnswer): Row {
  const { scores, final } = answer
  return {
    id: clean(answer.id),
    organization_id: clean(answer.organization),
    question_hash: answer.questionHash,
    ts: answer.deliveredAt,
    task_type: answer.taskType,
    user_id: clean(answer.userId),
    title: clean(answer.title),
    content: clean(answer.content),
    answer: clean(answer.answer),
    structured: withoutZeros(answer.structured),
    score: JSON.stringify({ final, ...scores }),
    final,
    ...scores,
    below_threshold: answer.belowThreshold,
    error_attempts: answer.errorAttempts,
    quality_attempts: answer.qualityAttempts,
    model: clean(answer.model),
    prompt_version: answer.promptVersion,
    request_id: answer.requestId,
    calls: answer.calls,
    tokens_prompt: answer.tokensPrompt,
    tokens_completion: answer.tokensCompletion,
    cost_usd: answer.costUsd ?? null,
    asked_at: answer.askedAt,
    trace_id: answer.traceId ?? null,
  }
}

/** Of what a statement gives, which selects all columns. */
export function answerOf(row: Readonly<Record<string, unknown>>): StoredAnswer {
  const text = (name: Column) => String(row[name])
  const number = (name: Column) => Number(row[name])
  const textOrNothing = (name: Column) => (row[name] === null ? undefined : text(name))
  const organization: Organization = organizationOf(text('organization_id'))
  return {
    id: text('id'),
    organization,
    questionHash: text('question_hash'),
    taskType: text('task_type'),
    userId: textOrNothing('user_id'),
    title: text('title'),
    content: textOrNothing('content'),
    answer: text('answer'),
    structured: textOrNothing('structured'),
    scores: {
      exactness: number('exactness'),
      completeness: number('completeness'),
      clarity: number('clarity'),
      concision: number('concision'),
      usefulness: number('usefulness'),
    },
    final: number('final'),
    belowThreshold: Boolean(row.below_threshold),
    errorAttempts: number('error_attempts'),
    qualityAttempts: number('quality_attempts'),
    model: text('model'),
    promptVersion: text('prompt_version'),
    requestId: text('request_id'),
    calls: number('calls'),
    tokensPrompt: number('tokens_prompt'),
    tokensCompletion: number('tokens_completion'),
    costUsd: row.cost_usd === null ? undefined : number('cost_usd'),
    askedAt: number('asked_at'),
    deliveredAt: number('ts'),
    traceId: textOrNothing('trace_id'),
  }
}

/** Of answers with one id the newest: a statement may meet each row once. */
export function newestById(answers: readonly StoredAnswer[]): readonly StoredAnswer[] {
  const byId = new Map<string, StoredAnswer>()
  for (const answer of answers) {
    const before = byId.get(answer.id)
    if (!before || before.deliveredAt <= answer.deliveredAt) byId.set(answer.id, answer)
  }
  return [...byId.values()]
}

/** No database takes a character of code 0 as text, nor half a character; the replacement shows where one was. */
function clean(text: string | undefined): string | null {
  return text?.toWellFormed().replaceAll('\0', '\ufffd') ?? null
}

/** The same within JSON, where the character is written as an escape. */
function withoutZeros(json: string | undefined): string | null {
  return json?.replace(/(?<!\\)((?:\\\\)*)\\u0000/g, '$1\\ufffd') ?? null
}
