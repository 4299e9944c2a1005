/** `GET /brakes`, `PUT /brakes/{scope}` and `DELETE /brakes/{scope}`: calls of models that people have stopped. */
import { brakeFaults, type KnownBrake, reasonFaults, releaseBrake, setBrake } from '#admin/brakes.ts'
import { REASON_CHARACTERS_MAX, SCOPE_CHARACTERS_MAX, SCOPE_REMEDY, scopeOf } from '#answers/brakes.ts'
import { CaudalError } from '#core/errors.ts'
import type { Answer, Call, Gateway } from '../operation.ts'
import { found, operation } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import { actorOf, seesAll } from './acting.ts'
import { refusal } from './asking.ts'
import { timeOf } from './times.ts'
import { iso } from './views.ts'

const text = (description: string) => ({ type: 'string', description }) as const

const SCOPE = {
  type: 'string',
  minLength: 1,
  maxLength: SCOPE_CHARACTERS_MAX,
  description: 'everything, organization:NAME, task_type:NAME or model:NAME.',
} as const
const REASON = {
  type: 'string',
  minLength: 1,
  maxLength: REASON_CHARACTERS_MAX,
  description: 'Why; all who see the brake read it.',
} as const
/** One brake as a caller sees it. */
export const BRAKE = {
  type: 'object',
  properties: {
    scope: text('What is stopped.'),
    reason: text('Why.'),
    who: text('Who has set it.'),
    since: text('When it was set, ISO 8601.'),
    until: text('When it ends by itself, ISO 8601; absent where it does not.'),
    fault: text('Why the last record of the scope is left out. The brake before it holds.'),
  },
  required: ['scope'],
  additionalProperties: false,
} as const

const UNSURE = 'Nobody knows whether it was done. GET /brakes says so.'

export const brakes = operation({
  name: 'brakes',
  summary: 'Lists the calls of models that people have stopped.',
  scope: 'read',
  input: { type: 'object', properties: {}, additionalProperties: false },
  found: {
    type: 'object',
    properties: { brakes: { type: 'array', items: BRAKE } },
    required: ['brakes'],
    additionalProperties: false,
  },
  problems: ['store_absent'],
  run({ brakes: watch }, _, call) {
    if (!watch) return absent()
    return found({ brakes: watch.all.filter(({ scope }) => mayKnow(call, scope)).map(viewOf) })
  },
})

export const brakeSetting = operation({
  name: 'brake_set',
  summary: 'Stops calls of models: no new call begins within a second.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      scope: SCOPE,
      reason: REASON,
      until: {
        type: 'string',
        maxLength: 40,
        description: 'When it ends by itself, ISO 8601; never when left out.',
      },
    },
    required: ['scope', 'reason'],
    additionalProperties: false,
  },
  found: BRAKE,
  problems: ['store_absent', 'brake_refused', 'log_unavailable', 'stopping'],
  run(gateway, { scope, reason, until }, call) {
    const end = until === undefined ? undefined : timeOf(until)
    const wanted = { scope, reason, until: end }
    const faults = brakeFaults(wanted, gateway.system.now()).map(({ field, reason }) => fault(field, reason))
    if (Number.isNaN(end)) faults.push(fault('until', 'must be a time of ISO 8601'))
    if (faults.length > 0) return invalid(faults)
    return changed(gateway, scope, call, async options => {
      const brake = await setBrake(options, wanted)
      return found(viewOf({ scope, brake, fault: undefined }))
    })
  },
})

export const brakeRelease = operation({
  name: 'brake_release',
  summary: 'Lets calls go again that a brake has stopped.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: { scope: SCOPE, reason: REASON },
    required: ['scope', 'reason'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: { scope: SCOPE, released: { type: 'boolean', description: 'Whether there was one.' } },
    required: ['scope', 'released'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'brake_refused', 'log_unavailable', 'stopping'],
  run(gateway, { scope, reason }, call) {
    const faults = reasonFaults(reason).map(({ field, reason }) => fault(field, reason))
    if (faults.length > 0) return invalid(faults)
    return changed(gateway, scope, call, async options => {
      const released = await releaseBrake(options, scope, reason)
      // A record under any other key can be released too, once it is there.
      if (!released && !scopeOf(scope)) return invalid([fault('scope', SCOPE_REMEDY)])
      return found({ scope, released })
    })
  },
})

const fault = (field: string, reason: string) => ({ pointer: `/${field}`, reason })

const absent = () => new Problem('store_absent', { detail: 'This gateway does not follow brakes.' })

type Change = (options: Parameters<typeof setBrake>[0]) => Promise<Answer>

/** Answered once this gateway knows it: who lists the brakes next sees the change. */
async function changed(
  { brakes: watch, system }: Gateway,
  scope: string,
  call: Call,
  change: Change,
): Promise<Answer> {
  if (!watch) return absent()
  if (!maySet(call, scope))
    return new Problem('brake_refused', {
      detail: `The key may brake organization:${call.caller.organization}. caudal brake set, beside the log, does the rest.`,
    })
  try {
    const answer = await change({ log: watch.log, system, actor: actorOf(call) })
    await watch.caughtUp()
    return answer
  } catch (error) {
    if (error instanceof CaudalError && error.details.heldBy !== undefined)
      return new Problem('brake_refused', { detail: `${error.details.reason}.` })
    return refusal(error, UNSURE)
  }
}

const ownScope = ({ caller }: Call): string => `organization:${caller.organization}`

/** What stops everybody is for who may see everybody. */
const maySet = (call: Call, scope: string): boolean => seesAll(call) || scope === ownScope(call)

/** A caller knows what stops its own questions. */
export const mayKnow = (call: Call, scope: string): boolean =>
  seesAll(call) || scope === ownScope(call) || (scopeOf(scope)?.kind ?? 'organization') !== 'organization'

const viewOf = ({ scope, brake, fault: left }: KnownBrake): object => ({
  scope,
  ...(brake && { reason: brake.reason, who: brake.who, since: iso(brake.since) }),
  ...(typeof brake?.until === 'number' && { until: iso(brake.until) }),
  ...(left !== undefined && { fault: left }),
})
