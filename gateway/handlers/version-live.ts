/** `PUT /versions/live`: a prompt version that is known is live from now on, in the place of the one that is. */

import { reasonFaults } from '#admin/brakes.ts'
import type { NotPromoted } from '#admin/version-desk.ts'
import { REASON_CHARACTERS_MAX } from '#answers/brakes.ts'
import { TOPICS } from '#answers/topics.ts'
import { found, operation } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import { actorOf, seesAll } from './acting.ts'
import { refusal } from './asking.ts'
import { TASK_TYPE } from './versions.ts'

const version = (description: string) =>
  ({ type: 'string', minLength: 1, maxLength: 100, description }) as const

export const versionLive = operation({
  name: 'version_live',
  summary: 'Makes a prompt version that is known live, for every question that is asked from now on.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      task_type: { ...TASK_TYPE, description: 'Of this task type.' },
      version: version('Whose prompts and settings are to be live.'),
      instead_of: version('The one that is live now. If another one is, nothing is changed.'),
      reason: {
        type: 'string',
        minLength: 1,
        maxLength: REASON_CHARACTERS_MAX,
        description: `Why, for ${TOPICS.audit}.`,
      },
    },
    required: ['task_type', 'version', 'instead_of', 'reason'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      task_type: { type: 'string', description: 'Which task it is.' },
      version: {
        type: 'string',
        description: 'The version of answers from now on: a change that is written again has a new number.',
      },
    },
    required: ['task_type', 'version'],
    additionalProperties: false,
  },
  problems: [
    ...(['store_absent', 'version_refused', 'version_changed', 'version_unknown'] as const),
    ...(['log_unavailable', 'stopping'] as const),
  ],
  async run({ versionDesk }, { task_type: taskType, version: wanted, instead_of: insteadOf, reason }, call) {
    if (!versionDesk) return new Problem('store_absent', { detail: 'This gateway does not change prompts.' })
    if (!seesAll(call))
      return new Problem('version_refused', {
        detail: 'Prompts are those of every organisation. caudal config set, beside the log, does it.',
      })
    const faults = reasonFaults(reason).map(({ field, reason: why }) => ({
      pointer: `/${field}`,
      reason: why,
    }))
    if (faults.length > 0) return invalid(faults)
    try {
      const order = { taskType, version: wanted, insteadOf, why: reason, actor: actorOf(call) }
      const live = await versionDesk.promote(order)
      return typeof live === 'string' ? found({ task_type: taskType, version: live }) : problemOf(live)
    } catch (error) {
      return refusal(error, 'Nobody knows whether it was done. GET /versions/compare says what is live.')
    }
  },
})

function problemOf({ why, live }: NotPromoted): Problem {
  if (why === 'changed')
    return new Problem('version_changed', { detail: `Live is ${live}. Look at the difference to it first.` })
  return new Problem('version_unknown', {
    detail: `Why: ${why}. caudal config set takes its texts from a file.`,
  })
}
