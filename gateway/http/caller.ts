/** Who a request comes from: by the key in its header, and without keys by where it comes from. */
import type { FastifyRequest } from 'fastify'
import { organizationOf } from '#stores/organization.ts'
import { KEY_PREFIX, type Key, type KeyRing, SCOPES, type Scope } from '../keys.ts'
import type { Caller } from '../operation.ts'
import { Problem } from '../problem.ts'
import { isLocal } from './loopback.ts'

const LOCAL: Caller = { organization: organizationOf(undefined), scopes: new Set(SCOPES), key: undefined }

/** Names under which clients put keys into addresses. */
const KEY_NAMES =
  /^(api[-_]?key|x[-_]api[-_]key|key|token|access[-_]?token|auth|authorization|bearer|secret|password)$/i

/** A key in the address ends in logs of proxies and in histories of browsers: it is refused even where it is right. */
export function hasKeyInAddress({ url }: FastifyRequest): boolean {
  const [, query = ''] = url.split(/\?(.*)/s)
  return [...new URLSearchParams(query)].some(
    ([name, value]) => KEY_NAMES.test(name) || value.startsWith(KEY_PREFIX),
  )
}

/** The caller, where the caller may do what the scope names. Without a ring of keys this machine alone may, and all of it. */
export async function callerOf(
  request: FastifyRequest,
  keys: KeyRing | undefined,
  scope: Scope,
): Promise<Caller | Problem> {
  if (hasKeyInAddress(request))
    return new Problem('key_in_address', {
      detail: 'Send it as "Authorization: Bearer KEY", and revoke the key that was sent here.',
    })
  const caller = keys ? await keyCaller(request, keys) : localCaller(request)
  return caller instanceof Problem || caller.scopes.has(scope) ? caller : withoutScope(scope)
}

const withoutScope = (scope: Scope): Problem =>
  new Problem('scope_missing', { detail: `The key needs the scope ${scope}.` })

function localCaller(request: FastifyRequest): Caller | Problem {
  return isLocal(request)
    ? LOCAL
    : new Problem('loopback_only', { detail: 'Call it from this machine, by localhost or 127.0.0.1.' })
}

async function keyCaller({ headers }: FastifyRequest, keys: KeyRing): Promise<Caller | Problem> {
  const [, text] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? []
  const key = text === undefined ? undefined : await keys.keyOf(text)
  return key
    ? callerBy(key)
    : new Problem('unauthenticated', { detail: 'Send a key in force as "Authorization: Bearer KEY".' })
}

export const callerBy = ({ id, organization, scopes }: Key): Caller => ({
  organization: organizationOf(organization),
  scopes: new Set(scopes),
  key: id,
})
