/** On whose behalf a caller looks: an operator of the whole gateway may look at any organisation, others at their own. */
import type { Actor } from '#admin/audit.ts'
import { type Organization, organizationOf } from '#stores/organization.ts'
import type { Call } from '../operation.ts'
import { Problem } from '../problem.ts'

/** Without keys the gateway answers its own machine alone, whose user may do all. A key belongs to one organisation. */
export const seesAll = ({ caller }: Call): boolean =>
  caller.scopes.has('operate') && caller.organization === NO_ORGANIZATION
const NO_ORGANIZATION = organizationOf(undefined)

export const FOR_ORGANIZATION = {
  type: 'string',
  maxLength: 200,
  description: 'For callers without an organisation of their own: of this one. Empty: of none.',
} as const

/** The call as the organisation would make it. */
export function actingFor(call: Call, name: string | undefined): Call | Problem {
  const organization = organizationOf(name)
  if (name === undefined || organization === call.caller.organization) return call
  if (!seesAll(call))
    return new Problem('task_unknown', { detail: 'What belongs to another organisation is not shown.' })
  return { ...call, caller: { ...call.caller, organization } }
}

/** The organisation that a list is narrowed to; nothing for an operator who asks for all. */
export function narrowedTo(call: Call, name: string | undefined): Organization | undefined {
  if (!seesAll(call)) return call.caller.organization
  return name === undefined ? undefined : organizationOf(name)
}

/** Whose failures and replays a caller sees: of all for who may see all. */
export const organizationSeen = (call: Call): Organization | undefined =>
  seesAll(call) ? undefined : call.caller.organization

/** Whom a change is written down for. */
export const actorOf = ({ caller: { key, organization }, address }: Call): Actor => ({
  who: key === undefined ? 'the user of this machine' : `key ${key}`,
  ...(organization !== NO_ORGANIZATION && { organization }),
  from: address,
})
