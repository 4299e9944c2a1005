/** `/sessions`: made, read, changed by compare-and-set, and ended. */

import { unlessAway } from '#core/unless-away.ts'
import type { Scope } from '../keys.ts'
import { type Answer, type Caller, found, type Gateway, operation } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import type { IsAllowed, Session, Sessions } from '../sessions.ts'
import { iso } from './views.ts'

const DATA_BYTES_MAX = 65_536

const ID = { type: 'string', minLength: 1, maxLength: 64, description: 'Id of the session.' } as const
const DATA = {
  type: 'object',
  properties: {},
  additionalProperties: true,
  description: `Whatever the client keeps there, up to ${DATA_BYTES_MAX} bytes of JSON.`,
} as const

const SESSION = {
  type: 'object',
  properties: {
    id: { type: 'string', description: 'A UUID.' },
    user: { type: 'string', description: 'Who is logged in.' },
    address: { type: 'string', description: 'Where it was made from.' },
    data: DATA,
    version: { type: 'integer', description: 'Counts updates, from 1 on.' },
    created_at: { type: 'string', description: 'ISO 8601.' },
    expires_at: { type: 'string', description: 'When it ends unless it is used, ISO 8601.' },
  },
  required: ['id', 'address', 'data', 'version', 'created_at', 'expires_at'],
  additionalProperties: false,
} as const

const byId = {
  type: 'object',
  properties: { id: ID },
  required: ['id'],
  additionalProperties: false,
} as const
const PROBLEMS = ['store_absent', 'store_unavailable'] as const

export const sessionCreation = operation({
  name: 'session_creation',
  summary: 'Makes a session, and a cookie that logs in by it.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      user: { type: 'string', minLength: 1, maxLength: 256, description: 'Who is logged in.' },
      data: DATA,
    },
    additionalProperties: false,
  },
  found: SESSION,
  problems: PROBLEMS,
  run(gateway, { user, data = {} }, { caller, address }) {
    const { key, keyName } = caller
    return withSessions(gateway, async sessions => {
      if (isTooLarge(data)) return tooLarge()
      const made = await sessions.create(caller.organization, { user, address, data, key, keyName })
      const maxAgeS = Math.floor(sessions.ttlMs / 1_000)
      return { kind: 'found', body: viewOf(made.session, sessions), cookie: { text: made.cookie, maxAgeS } }
    })
  },
})

export const sessionReading = operation({
  name: 'session',
  summary: 'Tells what a session holds, and prolongs its life.',
  scope: 'read',
  input: byId,
  found: SESSION,
  problems: [...PROBLEMS, 'session_unknown'],
  run(gateway, { id }, { caller }) {
    return withSessions(gateway, async sessions => {
      const session = await sessions.get(caller.organization, id, isOwnOf(caller))
      return session ? found(viewOf(session, sessions)) : unknown(id)
    })
  },
})

export const sessionChange = operation({
  name: 'session_change',
  summary: 'Puts other data into a session, unless it was changed meanwhile.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      id: ID,
      version: { type: 'integer', minimum: 1, description: 'The version that the change was made from.' },
      data: DATA,
    },
    required: ['id', 'version', 'data'],
    additionalProperties: false,
  },
  found: SESSION,
  problems: [...PROBLEMS, 'session_unknown', 'session_changed'],
  run(gateway, { id, version, data }, { caller }) {
    return withSessions(gateway, async sessions => {
      if (isTooLarge(data)) return tooLarge()
      const session = await sessions.update(caller.organization, id, { version, data }, isOwnOf(caller))
      if (session === 'changed')
        return new Problem('session_changed', { detail: 'Read it, and change that.' })
      return session ? found(viewOf(session, sessions)) : unknown(id)
    })
  },
})

export const sessionEnd = operation({
  name: 'session_end',
  summary: "Ends a session: its cookie logs nobody in any more. Scopes operate and admin end others' too.",
  scope: 'read',
  input: byId,
  found: {
    type: 'object',
    properties: { ended: { type: 'boolean', description: 'true.' } },
    required: ['ended'],
    additionalProperties: false,
  },
  problems: [...PROBLEMS, 'session_unknown'],
  run(gateway, { id }, { caller, cookieSession }) {
    return withSessions(gateway, async sessions => {
      if (!(await sessions.end(caller.organization, id, isOwnOf(caller, MAY_END)))) return unknown(id)
      const body = { ended: true }
      // Another's session has another cookie, which the caller does not hold.
      return cookieSession === id
        ? { kind: 'found', body, cookie: { text: '', maxAgeS: 0 } }
        : { kind: 'found', body }
    })
  },
})

/** Who has one of these scopes ends sessions of everybody in the organisation. */
const MAY_END = ['operate', 'admin'] as const

/** A cookie is for its own session. A key is for the sessions that were made with keys of its name. */
function isOwnOf({ session, keyName, scopes }: Caller, others: readonly Scope[] = []): IsAllowed {
  const isOwn: IsAllowed =
    session === undefined ? each => each.keyName === keyName : each => each.id === session
  return each => isOwn(each) || others.some(scope => scopes.has(scope))
}

/** Sessions are on the cache: they are away with it. */
async function withSessions(
  { sessions }: Gateway,
  use: (sessions: Sessions) => Promise<Answer>,
): Promise<Answer> {
  if (!sessions)
    return new Problem('store_absent', { detail: 'No sessions are kept here: on Kafka they need REDIS_URL.' })
  return (await unlessAway(use(sessions))) ?? new Problem('store_unavailable', { retryAfterS: 1 })
}

const unknown = (id: string): Problem =>
  new Problem('session_unknown', { detail: `No session of yours is known as ${id}.` })

const isTooLarge = (data: object): boolean => Buffer.byteLength(JSON.stringify(data)) > DATA_BYTES_MAX
const tooLarge = (): Problem =>
  invalid([{ pointer: '/data', reason: `must not have more than ${DATA_BYTES_MAX} bytes` }])

function viewOf(session: Session, { ttlMs }: Sessions): object {
  const { id, user, address, data, version, createdAt, usedAt } = session
  return {
    ...{ id, ...(user !== undefined && { user }), address, data, version },
    ...{ created_at: iso(createdAt), expires_at: iso(usedAt + ttlMs) },
  }
}
