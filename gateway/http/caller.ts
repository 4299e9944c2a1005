/** Who a request comes from: by the key in its header, and without keys by where it comes from. */
import type { FastifyRequest } from 'fastify'
import { unlessAway } from '#core/unless-away.ts'
import { organizationOf } from '#stores/organization.ts'
import { bearerCaller, callerBy, countedName, localCaller, withScope } from '../caller.ts'
import { KEY_PREFIX, type KeyRing, type Scope } from '../keys.ts'
import { networkOf } from '../network-of.ts'
import type { Caller } from '../operation.ts'
import { Problem } from '../problem.ts'
import type { Sessions } from '../sessions.ts'
import { cookieOf, isOfOwnOrigin } from './cookies.ts'
import { originOf } from './origin.ts'

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

/** By what callers are known. */
export interface Doors {
  /** Without a ring of keys this machine alone may, and all of it. */
  readonly keys: KeyRing | undefined
  readonly sessions: Sessions | undefined
}

/** The callers of requests: each is looked for once. */
export class Callers {
  readonly #doors: () => Doors
  readonly #known = new WeakMap<FastifyRequest, Promise<Caller | Problem>>()

  constructor(doors: () => Doors) {
    this.#doors = doors
  }

  of(request: FastifyRequest): Promise<Caller | Problem> {
    const caller = this.#known.get(request) ?? callerOf(request, this.#doors())
    this.#known.set(request, caller)
    return caller
  }

  /** The caller, where the caller may do what the scope names. */
  async with(scope: Scope, request: FastifyRequest): Promise<Caller | Problem> {
    return withScope(scope, await this.of(request))
  }

  /** Whether the key of the caller is in force still. */
  async isInForce({ key }: Caller): Promise<boolean> {
    const { keys } = this.#doors()
    return key === undefined || (await keys?.keyById(key)) !== undefined
  }

  /** Under which name requests are counted: the key's, and else the address or its network. */
  async nameOf(request: FastifyRequest): Promise<string> {
    return countedName(await this.of(request), networkOf(request.ip))
  }
}

async function callerOf(request: FastifyRequest, doors: Doors): Promise<Caller | Problem> {
  if (hasKeyInAddress(request))
    return new Problem('key_in_address', {
      detail: 'Send it as "Authorization: Bearer KEY", and revoke the key that was sent here.',
    })
  return doors.keys ? keyCaller(request, doors.keys, doors.sessions) : localCaller(originOf(request))
}

async function keyCaller(
  request: FastifyRequest,
  keys: KeyRing,
  sessions: Sessions | undefined,
): Promise<Caller | Problem> {
  const { authorization } = request.headers
  const cookie = authorization === undefined ? cookieOf(request) : undefined
  if (cookie !== undefined && sessions) return cookieCaller(request, cookie, keys, sessions)
  return bearerCaller(keys, authorization)
}

/** May do what the key of the session may do, while this key is in force. */
async function cookieCaller(
  request: FastifyRequest,
  cookie: string,
  keys: KeyRing,
  sessions: Sessions,
): Promise<Caller | Problem> {
  if (!isOfOwnOrigin(request))
    return new Problem('origin_refused', { detail: 'A change by cookie needs the Origin of this host.' })
  const found = await unlessAway(sessions.ofCookie(cookie).then(session => ({ session })))
  if (!found) return new Problem('store_unavailable', { retryAfterS: 1 })
  const { session } = found
  const key = session?.session.key === undefined ? undefined : await keys.keyById(session.session.key)
  if (key && organizationOf(key.organization) === session?.organization)
    return { ...callerBy(key), session: session.session.id }
  return new Problem('unauthenticated', { detail: 'The session has ended: log in again.' })
}
