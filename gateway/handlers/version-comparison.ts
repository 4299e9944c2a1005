/** `GET /versions/compare`: two prompt versions by the questions that both have answered. */

import type { Unknown, VersionText } from '#admin/version-texts.ts'
import { TOPICS } from '#answers/topics.ts'
import type { AnswerPair, StoredAnswer } from '#stores/answers.ts'
import type { ComparisonWanted, VersionSide } from '#stores/versions.ts'
import { type Call, found, type Gateway, operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { invalid, Problem } from '../problem.ts'
import type { InputFault } from '../schema.ts'
import { FOR_ORGANIZATION, narrowedTo, seesAll } from './acting.ts'
import { refusal } from './asking.ts'
import { isTime } from './times.ts'
import { PAIRS_TOGETHER, togetherView } from './version-views.ts'
import { FROM, noAnswers, rangeOf, rangeView, TASK_TYPE, TO } from './versions.ts'
import { ANSWER_FIELDS, HASH, RUN_FIELDS, storedRunView, storedView } from './views.ts'

const PAGE_MAX = 100
const PAGE = 20

const version = (description: string) =>
  ({ type: 'string', minLength: 1, maxLength: 100, description }) as const
const model = (side: string) =>
  ({ type: 'string', maxLength: 200, description: `The model of ${side}; any when left out.` }) as const

const SIDE = {
  type: 'object',
  properties: { ...RUN_FIELDS, ...ANSWER_FIELDS },
  additionalProperties: false,
} as const

/** Two answers to one question. */
export const PAIR = {
  type: 'object',
  properties: {
    id: RUN_FIELDS.id,
    organization: { type: 'string', description: 'On whose behalf it was asked; empty for none.' },
    change: { type: 'number', description: 'The final score of b without that of a.' },
    a: SIDE,
    b: SIDE,
  },
  required: ['id', 'organization', 'change', 'a', 'b'],
  additionalProperties: false,
} as const

/** What one version asks with. */
export const TEXT = {
  type: 'object',
  properties: {
    known: { type: 'boolean', description: 'Whether anybody can still say what the version asked with.' },
    why: {
      type: 'string',
      enum: ['no_task_type', 'other_declaration', 'removed', 'unreadable', 'ambiguous'],
      description: `Why not: no such task type here; another release declared it; ${TOPICS.config}, which is compacted, has the change no more; the change cannot be read or never held; several changes had its number.`,
    },
    settings: {
      type: 'object',
      properties: {},
      additionalProperties: true,
      description:
        'Prompts, model, weights and limits. What the pipeline has defaults for is absent where nothing changes it.',
    },
  },
  required: ['known'],
  additionalProperties: false,
} as const

export const versionComparison = operation({
  name: 'version_comparison',
  summary: 'Pairs the answers of two prompt versions to the same questions, the worst change first.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      task_type: { ...TASK_TYPE, description: 'Of this task type.' },
      a: version('The version that is compared with.'),
      b: version('The version that is compared.'),
      a_model: model('a'),
      b_model: model('b'),
      organization: FOR_ORGANIZATION,
      from: FROM,
      to: TO,
      limit: { type: 'string', pattern: '^\\d{1,3}$', description: `Pairs of a page, 1 to ${PAGE_MAX}.` },
      cursor: { type: 'string', maxLength: 500, description: 'What the page before gave as `next`.' },
    },
    required: ['task_type', 'a', 'b'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      from: { type: 'string', description: 'ISO 8601.' },
      to: { type: 'string', description: 'ISO 8601.' },
      together: { ...PAIRS_TOGETHER, description: 'All pairs, of every page.' },
      pairs: { type: 'array', items: PAIR },
      texts: {
        type: 'object',
        properties: {
          a: TEXT,
          b: TEXT,
          live: { type: 'string', description: 'The version that is live now.' },
        },
        required: ['a', 'b'],
        additionalProperties: false,
        description: 'What both ask with, on the first page and for who may see every organisation.',
      },
      next: { type: 'string', description: 'The cursor of the next page; absent at the last one.' },
    },
    required: ['from', 'to', 'together', 'pairs'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'store_unavailable', 'log_unavailable', 'stopping'],
  async run(gateway, input, call) {
    const { answers } = gateway
    if (!answers) return noAnswers()
    const limit = input.limit === undefined ? PAGE : Number(input.limit)
    const place = input.cursor === undefined ? undefined : placeIn(input.cursor)
    const faults = faultsOf(input, limit, place)
    if (faults.length > 0) return invalid(faults)
    const wanted = wantedOf(gateway, input, place)
    if (wanted instanceof Problem) return wanted
    const organization = narrowedTo(call, input.organization)
    const both = await orAway(
      Promise.all([
        answers.versionPairs(organization, { ...wanted, limit: limit + 1, after: place?.after }),
        answers.versionPairSums(organization, wanted),
      ]),
    )
    if (both instanceof Problem) return both
    const [pairs, sums] = both
    const texts = place ? undefined : await textsOf(gateway, wanted, call)
    if (texts instanceof Problem) return texts
    const last = pairs.length > limit ? pairs[limit - 1] : undefined
    return found({
      ...rangeView(wanted),
      together: togetherView(sums),
      pairs: pairs.slice(0, limit).map(pairView),
      ...(texts && { texts }),
      ...(last && { next: cursorAt(last, wanted) }),
    })
  },
})

interface Input {
  readonly task_type: string
  readonly a: string
  readonly b: string
  readonly a_model?: string
  readonly b_model?: string
  readonly from?: string
  readonly to?: string
  readonly cursor?: string
}

function faultsOf(input: Input, limit: number, place: Place | undefined): readonly InputFault[] {
  const isSame = input.a === input.b && input.a_model === input.b_model
  return [
    ...(isSame ? [{ pointer: '/b', reason: 'must be another version or model than a' }] : []),
    ...(limit < 1 || limit > PAGE_MAX
      ? [{ pointer: '/limit', reason: `must be from 1 to ${PAGE_MAX}` }]
      : []),
    ...(input.cursor !== undefined && !place
      ? [{ pointer: '/cursor', reason: 'must be what a page gave as next' }]
      : []),
  ]
}

/** A later page keeps to the time of the first one: answers that come meanwhile would move the pairs. */
function wantedOf({ system }: Gateway, input: Input, place: Place | undefined): ComparisonWanted | Problem {
  const range = place ?? rangeOf(system, input.from, input.to)
  if (range instanceof Problem) return range
  const side = (promptVersion: string, model: string | undefined): VersionSide => ({ promptVersion, model })
  return {
    ...{ taskType: input.task_type, from: range.from, to: range.to },
    ...{ a: side(input.a, input.a_model), b: side(input.b, input.b_model) },
  }
}

/** Prompts belong to who operates the pipeline, and not to each organisation that asks it. */
async function textsOf(
  { versionDesk }: Gateway,
  { taskType = '', a, b }: ComparisonWanted,
  call: Call,
): Promise<object | Problem | undefined> {
  if (!versionDesk || !seesAll(call)) return undefined
  try {
    const { texts } = versionDesk
    const [one, other] = await texts.of(taskType, [a.promptVersion, b.promptVersion])
    const live = await texts.live(taskType)
    return { a: textView(one), b: textView(other), ...(live !== undefined && { live }) }
  } catch (error) {
    return refusal(error, 'Ask again.')
  }
}

const textView = (text: VersionText | Unknown | undefined): object =>
  typeof text === 'string' ? { known: false, why: text } : { known: true, settings: text }

const sideView = (answer: StoredAnswer): object => ({ ...storedRunView(answer), ...storedView(answer) })

const pairView = ({ questionHash, change, a, b }: AnswerPair): object => ({
  ...{ id: questionHash, organization: a.organization, change },
  ...{ a: sideView(a), b: sideView(b) },
})

interface Place {
  readonly after: Pick<AnswerPair, 'change' | 'questionHash'>
  readonly from: number
  readonly to: number
}

const cursorAt = ({ change, questionHash }: AnswerPair, { from, to }: ComparisonWanted): string =>
  Buffer.from(JSON.stringify([change, questionHash, from, to])).toString('base64url')

function placeIn(cursor: string): Place | undefined {
  try {
    const found: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const [change, questionHash, from, to] = Array.isArray(found) ? found : []
    const isPlace = typeof change === 'number' && typeof questionHash === 'string' && HASH.test(questionHash)
    return isPlace && isTime(from) && isTime(to) ? { after: { change, questionHash }, from, to } : undefined
  } catch {
    return undefined // It is no cursor of ours.
  }
}
