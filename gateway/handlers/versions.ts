/** `GET /versions`: what the answers of each prompt version came to, and when each was live. */
import type { VersionRow } from '#stores/versions.ts'
import { found, type Gateway, operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { invalid, Problem } from '../problem.ts'
import { FOR_ORGANIZATION, narrowedTo } from './acting.ts'
import { timeOf } from './times.ts'
import { SLICES, sliceView, VERSION, versionView } from './version-views.ts'
import { iso } from './views.ts'

const WEEK_MS = 7 * 86_400_000
const SLICES_MAX = 60
/** The most that a request lists; a version in use has few others beside it. */
const VERSIONS_MAX = 200

export const TASK_TYPE = { type: 'string', pattern: '^[a-z_]+$', maxLength: 100 } as const
const time = (description: string) => ({ type: 'string', maxLength: 40, description }) as const
export const FROM = time('Delivered from this time on, ISO 8601; a week before the end when left out.')
export const TO = time('Delivered before this time, ISO 8601; now when left out.')

export const versions = operation({
  name: 'versions',
  summary: 'Adds up the delivered answers of each prompt version: scores, attempts, cost, time.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      task_type: { ...TASK_TYPE, description: 'Of this task type alone.' },
      organization: FOR_ORGANIZATION,
      from: FROM,
      to: TO,
    },
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      from: { type: 'string', description: 'ISO 8601.' },
      to: { type: 'string', description: 'ISO 8601.' },
      versions: { type: 'array', items: VERSION, description: 'The last delivered first.' },
      more: {
        type: 'boolean',
        description: `Whether there are more than ${VERSIONS_MAX}, which are left out.`,
      },
      live: { ...SLICES, description: 'Answers of each version in slices of the time; absent without any.' },
    },
    required: ['from', 'to', 'versions', 'more'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'store_unavailable'],
  async run({ answers, system }, { task_type: taskType, organization: name, from, to }, call) {
    if (!answers) return noAnswers()
    const range = rangeOf(system, from, to)
    if (range instanceof Problem) return range
    const organization = narrowedTo(call, name)
    const rows = await orAway(answers.versions(organization, { taskType, ...range }))
    if (rows instanceof Problem) return rows
    const shown = rows.slice(0, VERSIONS_MAX)
    const lived = livedIn(shown)
    const slices = lived && (await orAway(answers.versionSlices(organization, { taskType, ...lived })))
    if (slices instanceof Problem) return slices
    return found({
      ...rangeView(range),
      versions: shown.map(versionView),
      more: rows.length > VERSIONS_MAX,
      ...(lived && {
        live: {
          from: iso(lived.from),
          width_ms: lived.widthMs,
          slices: slices?.map(sliceView),
        },
      }),
    })
  },
})

export const noAnswers = (): Problem =>
  new Problem('store_absent', { detail: 'No answers are kept: set DATABASE_URL.' })

interface Range {
  readonly from: number
  readonly to: number
}

/** In milliseconds, or what is wrong with it. */
export function rangeOf(
  system: Gateway['system'],
  from: string | undefined,
  to: string | undefined,
): Range | Problem {
  const end = to === undefined ? Math.floor(system.now()) + 1 : timeOf(to)
  const start = from === undefined ? Math.max(0, end - WEEK_MS) : timeOf(from)
  if (Number.isNaN(end)) return invalid([{ pointer: '/to', reason: 'must be a time of ISO 8601' }])
  if (Number.isNaN(start)) return invalid([{ pointer: '/from', reason: 'must be a time of ISO 8601' }])
  return { from: start, to: end }
}

export const rangeView = ({ from, to }: Range) => ({
  from: iso(from),
  to: iso(to),
})

/** The part of a range that has answers, in slices of whole milliseconds. */
function livedIn(rows: readonly VersionRow[]): (Range & { readonly widthMs: number }) | undefined {
  if (rows.length === 0) return undefined
  const from = Math.min(...rows.map(({ firstAt }) => firstAt))
  const to = Math.max(...rows.map(({ lastAt }) => lastAt)) + 1
  return { from, to, widthMs: Math.ceil((to - from) / SLICES_MAX) }
}
