/** `GET /tasks`: runs of questions whatever has become of them, the newest first. */
import type { HistoryStore, RunsWanted, TaskEvent } from '#stores/history.ts'
import { type Call, found, type Gateway, operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { invalid, Problem } from '../problem.ts'
import { FOR_ORGANIZATION, narrowedTo } from './acting.ts'
import { noHistory } from './history.ts'
import {
  eventsNow,
  PAID_ATTEMPTS,
  type PaidCall,
  type RunSummary,
  SUMMARY,
  summaryNow,
  summaryView,
} from './run-summary.ts'
import { OPEN_STATES } from './so-far.ts'
import { isTime, timeOf } from './times.ts'

const PAGE = 50
const PAGE_MAX = 200
/** Runs that one request looks at. What is looked for in their events may be rare, and a page must come soon. */
const LOOKED_AT_MAX = 1_000

export const tasks = operation({
  name: 'tasks',
  summary: 'Lists runs of questions, open and ended, the newest first, a page at a time.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      q: {
        type: 'string',
        minLength: 1,
        maxLength: 200,
        description: 'Occurs in the question, or is its task id.',
      },
      organization: FOR_ORGANIZATION,
      task_type: { type: 'string', pattern: '^[a-z_]+$', description: 'Of this task type alone.' },
      state: { type: 'string', enum: OPEN_STATES, description: 'How far it is.' },
      since: { type: 'string', maxLength: 40, description: 'Asked at this time or later, ISO 8601.' },
      until: { type: 'string', maxLength: 40, description: 'Asked before this time, ISO 8601.' },
      below: { type: 'string', pattern: '^\\d{1,2}(\\.\\d{1,6})?$', description: 'Scored lower than this.' },
      above_usd: { type: 'string', pattern: '^\\d{1,9}(\\.\\d{1,9})?$', description: 'Cost more than this.' },
      attempts: { type: 'string', pattern: '^\\d{1,4}$', description: 'So many attempts, or more.' },
      error_type: { type: 'string', maxLength: 40, description: 'Met this kind of failure.' },
      model: { type: 'string', maxLength: 200, description: 'Answered or judged by this model.' },
      prompt_version: {
        type: 'string',
        maxLength: 200,
        description: 'Asked with this version of the prompt.',
      },
      paid_from: {
        type: 'string',
        maxLength: 40,
        description:
          'Had a call that brought a reply at this time or later, ISO 8601. `model` and `prompt_version` are then those of the call, empty for none.',
      },
      paid_to: { type: 'string', maxLength: 40, description: 'Had such a call before this time.' },
      paid_for: { type: 'string', enum: PAID_ATTEMPTS, description: 'Had such a call for this.' },
      limit: { type: 'string', pattern: '^\\d{1,3}$', description: `Runs of a page, 1 to ${PAGE_MAX}.` },
      cursor: { type: 'string', maxLength: 1_000, description: 'What the page before gave as `next`.' },
    },
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      tasks: { type: 'array', items: SUMMARY },
      looked_at: { type: 'integer', description: 'Runs that were looked at for this page.' },
      next: { type: 'string', description: 'The cursor to go on from; absent where all were looked at.' },
    },
    required: ['tasks', 'looked_at'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'store_unavailable'],
  async run(gateway, input, call) {
    const { history } = gateway
    if (!history) return noHistory()
    const wanted = wantedBy(input, call)
    if (wanted instanceof Problem) return wanted
    const faults = timeFaults(input)
    if (faults.length > 0) return invalid(faults)
    const page = await orAway(pageOf({ gateway, history }, wanted, fitting(input)))
    if (page instanceof Problem) return page
    return found({
      tasks: page.runs.map(summaryView),
      looked_at: page.lookedAt,
      ...(page.last && { next: cursorAt(page.last) }),
    })
  },
})

interface Asked extends Filters {
  readonly q?: string
  readonly organization?: string
  readonly task_type?: string
  readonly since?: string
  readonly until?: string
  readonly limit?: string
  readonly cursor?: string
}

/** What the store is asked for. */
function wantedBy(
  { limit: asked, cursor, since, until, q, ...more }: Asked,
  call: Call,
): RunsWanted | Problem {
  const limit = asked === undefined ? PAGE : Number(asked)
  const [from, to] = [since, until].map(time => (time === undefined ? undefined : timeOf(time)))
  const after = cursor === undefined ? undefined : placeIn(cursor)
  if (limit < 1 || limit > PAGE_MAX)
    return invalid([{ pointer: '/limit', reason: `must be from 1 to ${PAGE_MAX}` }])
  if (Number.isNaN(from)) return invalid([{ pointer: '/since', reason: 'must be a time of ISO 8601' }])
  if (Number.isNaN(to)) return invalid([{ pointer: '/until', reason: 'must be a time of ISO 8601' }])
  if (cursor !== undefined && !after)
    return invalid([{ pointer: '/cursor', reason: 'must be what a page gave as next' }])
  const organization = narrowedTo(call, more.organization)
  return { organization, taskType: more.task_type, text: q, since: from, until: to, after, limit }
}

interface Filters {
  readonly state?: string
  readonly below?: string
  readonly above_usd?: string
  readonly attempts?: string
  readonly error_type?: string
  readonly model?: string
  readonly prompt_version?: string
  readonly paid_from?: string
  readonly paid_to?: string
  readonly paid_for?: string
}

const timeFaults = (input: Filters) =>
  (['paid_from', 'paid_to'] as const).flatMap(name =>
    Number.isNaN(timeOf(input[name] ?? EPOCH))
      ? [{ pointer: `/${name}`, reason: 'must be a time of ISO 8601' }]
      : [],
  )
const EPOCH = '1970-01-01T00:00:00Z'

/** What one call of a run must be, where calls are asked for; the same calls that `GET /costs` adds up. */
function fittingCall(wanted: Filters): ((call: PaidCall) => boolean) | undefined {
  const { paid_from: from, paid_to: to, paid_for: attempt, model, prompt_version: version } = wanted
  if (from === undefined && to === undefined && attempt === undefined) return undefined
  const [start, end] = [
    from === undefined ? 0 : timeOf(from),
    to === undefined ? Number.POSITIVE_INFINITY : timeOf(to),
  ]
  return call =>
    call.at >= start &&
    call.at < end &&
    (attempt === undefined || call.attempt === attempt) &&
    (model === undefined || call.model === model) &&
    (version === undefined || call.promptVersion === version)
}

/** What only the events of a run say. */
function fitting(wanted: Filters): (run: RunSummary) => boolean {
  const fits = fittingRun(wanted)
  const fitsCall = fittingCall(wanted)
  return fitsCall ? run => fits(run) && run.paid.some(fitsCall) : fits
}

function fittingRun(wanted: Filters): (run: RunSummary) => boolean {
  const byCall = fittingCall(wanted) !== undefined
  const { state, error_type: errorType } = wanted
  const [model, version] = byCall ? [] : [wanted.model, wanted.prompt_version]
  const [below, aboveUsd, attempts] = [wanted.below, wanted.above_usd, wanted.attempts].map(text =>
    text === undefined ? undefined : Number(text),
  )
  return run =>
    (state === undefined || run.state === state) &&
    (below === undefined || (run.final !== undefined && run.final < below)) &&
    (aboveUsd === undefined || run.usd > aboveUsd) &&
    (attempts === undefined || run.errorAttempts + run.qualityAttempts >= attempts) &&
    (errorType === undefined || run.errorTypes.includes(errorType)) &&
    (model === undefined || run.models.includes(model)) &&
    (version === undefined || run.promptVersions.includes(version))
}

interface Source {
  readonly gateway: Gateway
  readonly history: HistoryStore
}

interface Page {
  readonly runs: readonly RunSummary[]
  readonly lookedAt: number
  /** Where the next page goes on; nothing where there is none. */
  readonly last: TaskEvent | undefined
}

/** Looks on until the page is full, nothing is left, or it has looked at enough for one request. */
async function pageOf(source: Source, wanted: RunsWanted, fits: (run: RunSummary) => boolean): Promise<Page> {
  const runs: RunSummary[] = []
  let lookedAt = 0
  let after = wanted.after
  while (lookedAt < LOOKED_AT_MAX) {
    const firsts = await source.history.firsts({ ...wanted, after, limit: wanted.limit + 1 })
    const looked = firsts.slice(0, wanted.limit)
    const summaries = await summariesOf(source, looked)
    for (const [index, first] of looked.entries()) {
      lookedAt++
      after = first
      const run = summaries[index]
      if (run && fits(run)) runs.push(run)
      const isLast = index === looked.length - 1 && firsts.length <= wanted.limit
      if (runs.length === wanted.limit) return { runs, lookedAt, last: isLast ? undefined : first }
    }
    if (firsts.length <= wanted.limit) return { runs, lookedAt, last: undefined }
    if (lookedAt >= LOOKED_AT_MAX) return { runs, lookedAt, last: looked.at(-1) }
  }
  return { runs, lookedAt, last: undefined }
}

/** The database is a moment behind: what came since is in the feed. */
async function summariesOf(
  { gateway, history }: Source,
  firsts: readonly TaskEvent[],
): Promise<readonly RunSummary[]> {
  const stored = firsts.length === 0 ? [] : await history.ofRuns(firsts)
  const byRun = Map.groupBy(stored, keyOf)
  return firsts.map(first => summaryNow(gateway, eventsNow(gateway, byRun.get(keyOf(first)) ?? [first])))
}

const keyOf = ({ organization, taskId }: TaskEvent): string => JSON.stringify([organization, taskId])

const cursorAt = ({ at, recordId }: TaskEvent): string =>
  Buffer.from(JSON.stringify([at, recordId])).toString('base64url')

function placeIn(cursor: string): Pick<TaskEvent, 'at' | 'recordId'> | undefined {
  try {
    const found: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const [at, recordId] = Array.isArray(found) ? found : []
    if (!isTime(at) || typeof recordId !== 'string' || recordId.includes('\0')) return undefined
    return { at, recordId }
  } catch {
    return undefined // It is no cursor of ours.
  }
}
