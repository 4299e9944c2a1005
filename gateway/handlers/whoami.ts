/** `GET /whoami`: who asks, and what it may do. A page shows nothing that its reader may not ask for. */
import { SCOPES } from '../keys.ts'
import { found, operation } from '../operation.ts'

/** Who asks, as the caller itself hears of it. */
export const WHOAMI = {
  type: 'object',
  properties: {
    organization: { type: 'string', description: 'Whose data the caller sees; empty without keys.' },
    key: { type: 'string', description: 'Name of the key; absent without keys.' },
    scopes: {
      type: 'array',
      items: { type: 'string', enum: SCOPES },
      description: 'What the caller may do.',
    },
    session: {
      type: 'string',
      description: 'Id of the session that the cookie logs in by; absent for a key.',
    },
  },
  required: ['organization', 'scopes'],
  additionalProperties: false,
} as const

export const whoami = operation({
  name: 'whoami',
  summary: 'Tells who asks: the organisation, the name of the key, its scopes, and the session.',
  scope: 'read',
  input: { type: 'object', properties: {}, additionalProperties: false },
  found: WHOAMI,
  problems: [],
  run(_, __, { caller: { organization, keyName, scopes, session } }) {
    return found({
      organization,
      ...(keyName !== undefined && { key: keyName }),
      scopes: SCOPES.filter(scope => scopes.has(scope)),
      ...(session !== undefined && { session }),
    })
  },
})
