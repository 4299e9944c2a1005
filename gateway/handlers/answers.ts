/** `GET /answers`: delivered answers by pages, the newest first. */
import type { StoredAnswer } from '#stores/answers.ts'
import { found, operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { invalid, Problem } from '../problem.ts'
import { isTime, timeOf } from './times.ts'
import { ANSWER_FIELDS, RUN_FIELDS, storedRunView, storedView } from './views.ts'

const PAGE_MAX = 200
const PAGE = 50

export const answersPage = operation({
  name: 'answers',
  summary: 'Lists delivered answers, the newest first, a page at a time.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      since: { type: 'string', maxLength: 40, description: 'Delivered at this time or later, ISO 8601.' },
      task_type: { type: 'string', pattern: '^[a-z_]+$', description: 'Of this task type alone.' },
      below: { type: 'string', pattern: '^\\d{1,2}(\\.\\d{1,6})?$', description: 'Scored lower than this.' },
      q: { type: 'string', minLength: 1, maxLength: 200, description: 'Occurs in question or answer.' },
      limit: { type: 'string', pattern: '^\\d{1,3}$', description: `Answers of a page, 1 to ${PAGE_MAX}.` },
      cursor: { type: 'string', maxLength: 500, description: 'What the page before gave as `next`.' },
    },
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      answers: {
        type: 'array',
        items: {
          type: 'object',
          properties: { ...RUN_FIELDS, ...ANSWER_FIELDS },
          additionalProperties: false,
        },
      },
      next: { type: 'string', description: 'The cursor of the next page; absent at the last one.' },
    },
    required: ['answers'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'store_unavailable'],
  async run({ answers }, { since, task_type: taskType, below, q, limit: asked, cursor }, call) {
    if (!answers) return new Problem('store_absent', { detail: 'No answers are kept: set DATABASE_URL.' })
    const limit = asked === undefined ? PAGE : Number(asked)
    const from = since === undefined ? undefined : timeOf(since)
    const after = cursor === undefined ? undefined : placeIn(cursor)
    if (limit < 1 || limit > PAGE_MAX)
      return invalid([{ pointer: '/limit', reason: `must be from 1 to ${PAGE_MAX}` }])
    if (Number.isNaN(from)) return invalid([{ pointer: '/since', reason: 'must be a time of ISO 8601' }])
    if (cursor !== undefined && !after)
      return invalid([{ pointer: '/cursor', reason: 'must be what a page gave as next' }])
    const wanted = { since: from, taskType, below: numberOf(below), text: q, after, limit: limit + 1 }
    const page = await orAway(answers.page(call.caller.organization, wanted))
    if (page instanceof Problem) return page
    const last = page.length > limit ? page[limit - 1] : undefined
    return found({
      answers: page.slice(0, limit).map(each => ({ ...storedRunView(each), ...storedView(each) })),
      ...(last && { next: cursorAt(last) }),
    })
  },
})

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text)

type Place = Pick<StoredAnswer, 'deliveredAt' | 'id'>

const cursorAt = ({ deliveredAt, id }: Place): string =>
  Buffer.from(JSON.stringify([deliveredAt, id])).toString('base64url')

function placeIn(cursor: string): Place | undefined {
  try {
    const found: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const [deliveredAt, id] = Array.isArray(found) ? found : []
    if (!isTime(deliveredAt) || typeof id !== 'string' || id.includes('\0')) return undefined
    return { deliveredAt, id }
  } catch {
    return undefined // It is no cursor of ours.
  }
}
