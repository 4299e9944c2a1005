/** Failures sent again over HTTP: a preview first, then just what it has shown, at a rate, with progress, until it is stopped. */
import { canReplay, type Failure } from '#admin/failures.ts'
import type { ReplayProgress } from '#admin/replays.ts'
import { REASON_CHARACTERS_MAX } from '#answers/brakes.ts'
import { TOPICS } from '#answers/topics.ts'
import { found, operation } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import { actorOf, organizationSeen } from './acting.ts'
import { refusal } from './asking.ts'
import { iso } from './views.ts'

const text = (description: string) => ({ type: 'string', description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const
const texts = (maxItems: number, description: string) =>
  ({ type: 'array', maxItems, items: { type: 'string', maxLength: 1_000 }, description }) as const

/** One replay as a caller sees it. */
export const REPLAY = {
  type: 'object',
  properties: {
    id: text('Identity of the replay.'),
    state: text('running, done, stopped or broken.'),
    total: whole('Failures that it sends.'),
    sent: whole('Of these, how many it has sent.'),
    left_out: whole('Failures that another replay has sent, or is about to send.'),
    per_second: whole('How many a second, at most.'),
    started_at: text('ISO 8601.'),
    reason: text('Why it broke off. What it has not sent is a failure still.'),
  },
  required: ['id', 'state', 'total', 'sent', 'left_out', 'per_second', 'started_at'],
  additionalProperties: false,
} as const

const RATE_MAX = 1_000
const absent = () => new Problem('store_absent', { detail: 'This gateway does not read failures.' })

export const replayPreview = operation({
  name: 'failures_preview',
  summary: 'Chooses failures to be sent again, and tells what that would be. Nothing is sent.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      groups: texts(200, 'Whole groups of GET /failures.'),
      ids: texts(1_000, 'Single failures, by their ids.'),
    },
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      token: text('Names the choice for POST /failures/replays. It is good for ten minutes, once.'),
      count: whole('Failures that would be sent.'),
      left_out: whole('Failures that cannot be sent again; their groups say why.'),
      topics: {
        type: 'array',
        items: {
          type: 'object',
          properties: { topic: text('Where they go.'), count: whole('How many.') },
          required: ['topic', 'count'],
          additionalProperties: false,
        },
      },
      estimate_usd: {
        type: 'number',
        description: 'An answer and a verdict for each question, at the mean price of its earlier calls.',
      },
      unestimated: whole(
        'Failures of which nothing is known that an estimate could be made of: they are in no sum.',
      ),
    },
    required: ['token', 'count', 'left_out', 'topics', 'estimate_usd', 'unestimated'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'log_unavailable', 'stopping'],
  async run({ failures: desk }, { groups = [], ids = [] }, call) {
    if (!desk) return absent()
    try {
      const organization = organizationSeen(call)
      const all = await desk.groups(organization)
      const chosen = all.flatMap(({ id, failures }) =>
        failures.filter(failure => groups.includes(id) || ids.includes(failure.id)),
      )
      const sent = chosen.filter(canReplay)
      const { token } = desk.replays.preview(sent, organization)
      return found({
        token,
        count: sent.length,
        left_out: chosen.length - sent.length,
        ...aimOf(sent),
        ...estimateOf(sent),
      })
    } catch (error) {
      return refusal(error, 'Ask again.')
    }
  },
})

export const replayStart = operation({
  name: 'failures_replay',
  summary: 'Sends what a preview has chosen again, with its identity: what was bought is found again.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      token: { type: 'string', minLength: 1, maxLength: 200, description: 'Of the preview.' },
      per_second: {
        type: 'integer',
        minimum: 1,
        maximum: RATE_MAX,
        description: 'How many a second, at most.',
      },
      reason: {
        type: 'string',
        minLength: 1,
        maxLength: REASON_CHARACTERS_MAX,
        description: `Why, for ${TOPICS.audit}.`,
      },
    },
    required: ['token', 'per_second', 'reason'],
    additionalProperties: false,
  },
  found: REPLAY,
  problems: ['store_absent', 'failure_unknown', 'log_unavailable', 'stopping'],
  async run({ failures: desk }, { token, per_second: perSecond, reason: why }, call) {
    if (!desk) return absent()
    if (why.trim() === '') return invalid([{ pointer: '/reason', reason: 'must not be blanks alone' }])
    try {
      const replay = await desk.start(token, organizationSeen(call), { perSecond, why, actor: actorOf(call) })
      return replay
        ? found(view(replay))
        : new Problem('failure_unknown', { detail: 'The preview was used, or is too old. Make another one.' })
    } catch (error) {
      return refusal(error, 'Nobody knows whether it began. GET /failures/replays says so.')
    }
  },
})

export const replayList = operation({
  name: 'failures_replays',
  summary: 'Lists the replays of this gateway with their progress, the newest first.',
  scope: 'operate',
  input: { type: 'object', properties: {}, additionalProperties: false },
  found: {
    type: 'object',
    properties: { replays: { type: 'array', items: REPLAY } },
    required: ['replays'],
    additionalProperties: false,
  },
  problems: ['store_absent'],
  run: ({ failures: desk }, _, call) =>
    desk ? found({ replays: desk.replays.all(organizationSeen(call)).map(view) }) : absent(),
})

export const replayStop = operation({
  name: 'failures_replay_stop',
  summary: 'Stops a replay. What it has sent stays sent.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: { id: { type: 'string', minLength: 1, maxLength: 200, description: 'Of the replay.' } },
    required: ['id'],
    additionalProperties: false,
  },
  found: REPLAY,
  problems: ['store_absent', 'failure_unknown'],
  run({ failures: desk }, { id }, call) {
    const stopped = desk?.replays.stop(id, organizationSeen(call))
    if (!desk) return absent()
    return stopped
      ? found(view(stopped))
      : new Problem('failure_unknown', { detail: 'GET /failures/replays lists all.' })
  },
})

/** Where they go: a dead letter to the topic that it came from, a question to those that are asked. */
function aimOf(failures: readonly Failure[]) {
  const topics = Map.groupBy(failures, ({ detail }) =>
    'origin' in detail ? detail.origin.topic : TOPICS.requests,
  )
  return { topics: [...topics].map(([topic, all]) => ({ topic, count: all.length })) }
}

/** An answer and a verdict. */
const CALLS_OF_A_REPLAY = 2

/** A call without a known price makes a mean that is none. */
function estimateOf(failures: readonly Failure[]) {
  const estimates = failures.map(({ detail }) => {
    const spent = 'request' in detail ? detail.request?.spent : undefined
    const usd = spent?.cost_usd ?? 0
    return spent && spent.calls > 0 && usd > 0 ? (usd / spent.calls) * CALLS_OF_A_REPLAY : undefined
  })
  const known = estimates.filter(each => each !== undefined)
  return {
    estimate_usd: known.reduce((sum, each) => sum + each, 0),
    unestimated: failures.length - known.length,
  }
}

const view = ({ id, state, total, sent, leftOut, perSecond, startedAt, reason }: ReplayProgress): object => ({
  ...{ id, state, total, sent, left_out: leftOut, per_second: perSecond, started_at: iso(startedAt) },
  ...(reason !== undefined && { reason }),
})
