/** `GET /failures` and `GET /failures/{group}`: what failed for good, grouped by where, why and how alike. */
import type { FailureGroup } from '#admin/failure-groups.ts'
import { canReplay, type Failure, ownerOf } from '#admin/failures.ts'
import { found, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { organizationSeen } from './acting.ts'
import { refusal } from './asking.ts'
import { iso } from './views.ts'

const text = (description: string) => ({ type: 'string', description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const

/** One group as a caller sees it. */
export const FAILURE_GROUP = {
  type: 'object',
  properties: {
    group: text('Identity of the group.'),
    kind: text('invalid: no question; failed: no attempt is left; dead: an operator could not process it.'),
    node: text('The operator that gave it up.'),
    code: text('Code of the error, or kind of the last failed call.'),
    likeness: text('The message, with a mark in the place of what differs.'),
    count: whole('Failures that were not sent again.'),
    first_at: text('When the first of them failed, ISO 8601.'),
    last_at: text('When the last of them failed, ISO 8601.'),
    lately: whole('Failures of the last five minutes.'),
    example: text('Id of the newest.'),
    reason: text('Message of the newest.'),
    can_replay: { type: 'boolean', description: 'Whether any can be sent again.' },
    replay_refused: text('Why the newest cannot be sent again, and what to do instead.'),
  },
  required: [
    'group',
    'kind',
    'node',
    'code',
    'likeness',
    'count',
    'first_at',
    'last_at',
    'lately',
    'can_replay',
  ],
  additionalProperties: false,
} as const

const SHOWN_MAX = 20
const LATELY_MS = 300_000
const GROUPS_MAX = 200

const absent = () => new Problem('store_absent', { detail: 'This gateway does not read failures.' })
const AGAIN = 'Ask again.'

export const failures = operation({
  name: 'failures',
  summary: 'Lists what failed for good and was not sent again, in groups of the same cause.',
  scope: 'operate',
  input: { type: 'object', properties: {}, additionalProperties: false },
  found: {
    type: 'object',
    properties: {
      groups: { type: 'array', items: FAILURE_GROUP },
      total: whole('Failures in all groups.'),
      left_out: whole('Groups that are not listed, since they are the smallest of very many.'),
    },
    required: ['groups', 'total', 'left_out'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'log_unavailable', 'stopping'],
  async run({ failures: desk, system }, _, call) {
    if (!desk) return absent()
    try {
      const groups = await desk.groups(organizationSeen(call))
      return found({
        groups: groups.slice(0, GROUPS_MAX).map(group => groupView(group, system.now())),
        total: groups.reduce((sum, group) => sum + group.failures.length, 0),
        left_out: Math.max(0, groups.length - GROUPS_MAX),
      })
    } catch (error) {
      return refusal(error, AGAIN)
    }
  },
})

export const failureGroup = operation({
  name: 'failure_group',
  summary: 'Shows the newest failures of a group whole: input, faults, history, stack.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      group: { type: 'string', minLength: 1, maxLength: 1_000, description: 'Identity of the group.' },
    },
    required: ['group'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      group: FAILURE_GROUP,
      failures: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            id: text('Of the question or of the record.'),
            failed_at: text('ISO 8601.'),
            reason: text('The message.'),
            attempts: whole('How often it was tried.'),
            organization: text('On whose behalf; absent where it is not known.'),
            detail: { description: 'The failure whole, as caudal dlq show has it.' },
          },
          required: ['id', 'failed_at', 'reason', 'attempts', 'detail'],
          additionalProperties: false,
        },
      },
    },
    required: ['group', 'failures'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'failure_unknown', 'log_unavailable', 'stopping'],
  async run({ failures: desk, system }, { group: id }, call) {
    if (!desk) return absent()
    try {
      const group = (await desk.groups(organizationSeen(call))).find(each => each.id === id)
      if (!group)
        return new Problem('failure_unknown', {
          detail: 'It was sent again, or GET /failures lists it under another name.',
        })
      const newest = group.failures.slice(-SHOWN_MAX).reverse()
      const shown = await Promise.all(
        newest.map(async each => ({ ...lineOf(each), detail: await desk.shown(each) })),
      )
      return found({ group: groupView(group, system.now()), failures: shown })
    } catch (error) {
      return refusal(error, AGAIN)
    }
  },
})

function groupView({ id, kind, node, code, likeness, failures: all }: FailureGroup, now: number): object {
  const [first, last] = [all[0], all.at(-1)]
  return {
    ...{ group: id, kind, node, code, likeness, count: all.length },
    first_at: iso(first?.failedAt ?? 0),
    last_at: iso(last?.failedAt ?? 0),
    lately: all.filter(({ failedAt }) => failedAt > now - LATELY_MS).length,
    ...(last && { example: last.id, reason: last.reason }),
    can_replay: all.some(canReplay),
    ...(last?.refusal !== undefined && { replay_refused: last.refusal }),
  }
}

function lineOf(failure: Failure) {
  const { id, failedAt, reason, attempts } = failure
  const organization = ownerOf(failure)
  return {
    id,
    failed_at: iso(failedAt),
    reason,
    attempts,
    ...(organization !== undefined && { organization }),
  }
}
