/** One run in a line: the same figures for a list, for a single run and for what it cost, all from its events. */
import type { TaskEvent } from '#stores/history.ts'
import type { Gateway } from '../operation.ts'
import type { Schema } from '../schema.ts'
import { inOrder, lastStep, stateAfter } from './so-far.ts'
import { iso } from './views.ts'

/** What the events are read for, whatever their kind. */
interface Facts {
  readonly title?: string
  readonly step?: string
  readonly model?: string
  readonly prompt_version?: string
  readonly error_type?: string
  readonly reason?: string
  readonly until?: number
  readonly final?: number
  readonly below_threshold?: boolean
  readonly cost_usd?: number | null
  readonly tokens_prompt?: number
  readonly tokens_completion?: number
}

export interface RunSummary {
  readonly taskId: string
  readonly organization: string
  readonly taskType: string
  readonly title: string
  readonly askedAt: number
  readonly state: string
  /** When a call is made again. */
  readonly until: number | undefined
  readonly reason: string | undefined
  readonly endedAt: number | undefined
  /** Calls that failed, and answers that were judged. */
  readonly errorAttempts: number
  readonly qualityAttempts: number
  /** Of the answer that was delivered, else of the last verdict. */
  readonly final: number | undefined
  readonly belowThreshold: boolean
  readonly calls: number
  readonly tokens: number
  /** Of the calls whose price is known. */
  readonly usd: number
  readonly unpriced: number
  readonly models: readonly string[]
  readonly promptVersions: readonly string[]
  readonly errorTypes: readonly string[]
  /** Calls that brought a reply, each as it is counted in what calls cost. */
  readonly paid: readonly PaidCall[]
}

/** One call that brought a reply. */
export interface PaidCall {
  readonly at: number
  /** Empty where its event has none. */
  readonly model: string
  readonly promptVersion: string
  readonly attempt: PaidAttempt
}

/** What a call was for: the keys of `GET /costs` by attempt. */
export const PAID_ATTEMPTS = ['first', 'again', 'judged', 'failed'] as const
export type PaidAttempt = (typeof PAID_ATTEMPTS)[number]

const ATTEMPT_OF: Readonly<Partial<Record<TaskEvent['kind'], PaidAttempt>>> = {
  generated: 'first',
  regenerated: 'again',
  scored: 'judged',
  call_failed: 'failed',
}

/** Of a run's events in order, at least one. */
export function runSummary(events: readonly TaskEvent[]): RunSummary {
  const [first] = events
  const last = lastStep(events)
  const facts = events.map(({ detail }): Facts => detail)
  const end: Facts | undefined = last?.detail
  const bought = facts.filter(({ tokens_prompt }) => tokens_prompt !== undefined && tokens_prompt !== null)
  const isOver = last?.kind === 'delivered' || last?.kind === 'failed'
  const [failed, scored] = [events.filter(isOf('call_failed')), events.filter(isOf('scored'))]
  const judged = facts.findLast(({ final }) => typeof final === 'number')
  return {
    taskId: first?.taskId ?? '',
    organization: first?.organization ?? '',
    taskType: first?.taskType ?? '',
    title: facts.find(({ title }) => title !== undefined)?.title ?? '',
    askedAt: first?.at ?? 0,
    state: stateAfter(last),
    until: last?.kind === 'waiting' ? end?.until : undefined,
    reason: last?.kind === 'failed' || last?.kind === 'waiting' ? end?.reason : undefined,
    endedAt: isOver ? last?.at : undefined,
    errorAttempts: failed.length,
    qualityAttempts: scored.length,
    final: judged?.final,
    belowThreshold: end?.below_threshold === true,
    calls: bought.length,
    tokens: bought.reduce((sum, each) => sum + (each.tokens_prompt ?? 0) + (each.tokens_completion ?? 0), 0),
    usd: bought.reduce((sum, { cost_usd }) => sum + (cost_usd ?? 0), 0),
    unpriced: bought.filter(({ cost_usd }) => typeof cost_usd !== 'number').length,
    models: named(facts, 'model'),
    promptVersions: named(facts, 'prompt_version'),
    errorTypes: named(facts, 'error_type'),
    paid: events.flatMap(paidCall),
  }
}

function paidCall({ at, kind, detail }: TaskEvent): readonly PaidCall[] {
  const { tokens_prompt: tokens, model = '', prompt_version: promptVersion = '' }: Facts = detail
  const attempt = ATTEMPT_OF[kind]
  return attempt === undefined || tokens === undefined || tokens === null
    ? []
    : [{ at, model, promptVersion, attempt }]
}

/** What the database has of a run, with what it will have in a moment. */
export function eventsNow({ feed }: Gateway, stored: readonly TaskEvent[]): readonly TaskEvent[] {
  const [first] = stored
  const recent = first ? feed.recent(first.organization, first.taskId) : []
  return inOrder([...stored, ...recent])
}

/** A list and a single run both use this alone. A dead letter is an end too, and no event of the history. */
export function summaryNow({ service }: Gateway, events: readonly TaskEvent[]): RunSummary {
  const run = runSummary(events)
  const died = run.endedAt === undefined && service.outcomeNow(run.taskId)?.status === 'dead'
  return died ? { ...run, state: 'failed', reason: 'dead_letter' } : run
}

const isOf =
  (wanted: TaskEvent['kind']) =>
  ({ kind }: TaskEvent) =>
    kind === wanted

const named = (facts: readonly Facts[], field: 'model' | 'prompt_version' | 'error_type') => [
  ...new Set(facts.flatMap(each => each[field] ?? [])),
]

const text = (description: string) => ({ type: 'string', description }) as const
const texts = (description: string) => ({ type: 'array', items: { type: 'string' }, description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const

export const SUMMARY = {
  type: 'object',
  properties: {
    task_id: text('Identity of the run.'),
    organization: text('On whose behalf; empty for nobody.'),
    task_type: text('Which task it is.'),
    title: text('The question.'),
    asked_at: text('When it was asked, ISO 8601.'),
    state: text('How far it is.'),
    until: text('When a failed call is made again, ISO 8601.'),
    reason: text('Why it waits or has failed.'),
    ended_at: text('When it was delivered or given up, ISO 8601.'),
    error_attempts: whole('Calls that failed.'),
    quality_attempts: whole('Answers that were judged.'),
    final: { type: 'number', description: 'The last verdict, 0 to 10.' },
    below_threshold: { type: 'boolean', description: 'Whether what was delivered missed the threshold.' },
    calls: whole('Calls that brought a reply.'),
    tokens: whole('Tokens that were sent and generated.'),
    cost_usd: { description: 'Of all calls in US dollars; null where the price of any is not known.' },
    cost_known_usd: { type: 'number', description: 'Of the calls whose price is known.' },
    unpriced: whole('Calls whose price is not known.'),
    models: texts('Models that replied.'),
    prompt_versions: texts('Versions of the prompt.'),
    error_types: texts('Kinds of failure that it met.'),
  },
  required: ['task_id', 'state', 'asked_at'],
  additionalProperties: false,
} as const satisfies Schema

export const summaryView = (run: RunSummary): object => ({
  task_id: run.taskId,
  organization: run.organization,
  task_type: run.taskType,
  title: run.title,
  asked_at: iso(run.askedAt),
  state: run.state,
  ...(run.until !== undefined && { until: iso(run.until) }),
  ...(run.reason !== undefined && { reason: run.reason }),
  ...(run.endedAt !== undefined && { ended_at: iso(run.endedAt) }),
  error_attempts: run.errorAttempts,
  quality_attempts: run.qualityAttempts,
  ...(run.final !== undefined && { final: run.final }),
  below_threshold: run.belowThreshold,
  calls: run.calls,
  tokens: run.tokens,
  cost_usd: run.unpriced > 0 ? null : run.usd,
  cost_known_usd: run.usd,
  unpriced: run.unpriced,
  models: run.models,
  prompt_versions: run.promptVersions,
  error_types: run.errorTypes,
})
