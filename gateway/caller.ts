/** Who asks, on every transport: by a key, and without keys the user of this machine. */
import { organizationOf } from '#stores/organization.ts'
import { type Key, type KeyRing, SCOPES, type Scope } from './keys.ts'
import type { Caller } from './operation.ts'
import { Problem } from './problem.ts'

/** The user of this machine, where there are no keys. */
export const LOCAL: Caller = {
  organization: organizationOf(undefined),
  scopes: new Set(SCOPES),
  key: undefined,
  keyName: undefined,
}

const LOCAL_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i
const LOCAL_ADDRESS = /^(127\.|::1$|::ffff:127\.)/

/** What a request says about where it comes from. */
export interface Origin {
  /** Of the other end of the connection. */
  readonly address: string
  /** The host that it asks for. */
  readonly host: string
  /** Whether a proxy passes it on. */
  readonly isProxied: boolean
}

/**
 * Whether a request comes from this machine itself. The address alone is not enough. A proxy on this machine speaks for
 * others. So does a browser that the name of another host has led here. Hence a request that names a proxy or another
 * host is none of this machine.
 */
export const isLocal = ({ address, host, isProxied }: Origin): boolean =>
  !isProxied && LOCAL_ADDRESS.test(address) && LOCAL_NAME.test(host)

export const localCaller = (origin: Origin): Caller | Problem =>
  isLocal(origin)
    ? LOCAL
    : new Problem('loopback_only', { detail: 'Call it from this machine, by localhost or 127.0.0.1.' })

/** By the key in the text of `authorization`. */
export async function bearerCaller(
  keys: KeyRing,
  authorization: string | undefined,
): Promise<Caller | Problem> {
  const [, text] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? []
  const key = text === undefined ? undefined : await keys.keyOf(text)
  return key
    ? callerBy(key)
    : new Problem('unauthenticated', { detail: 'Send a key in force as "Authorization: Bearer KEY".' })
}

export const callerBy = ({ id, name, organization, scopes }: Key): Caller => ({
  organization: organizationOf(organization),
  scopes: new Set(scopes),
  key: id,
  keyName: name,
})

/** The caller, where the caller may do what the scope names. */
export const withScope = (scope: Scope, caller: Caller | Problem): Caller | Problem =>
  caller instanceof Problem || caller.scopes.has(scope)
    ? caller
    : new Problem('scope_missing', { detail: `The key needs the scope ${scope}.` })

/** Under which name requests are counted: the key's, and else the address or its network. */
export const countedName = (caller: Caller | Problem, network: string): string =>
  (caller instanceof Problem ? undefined : caller.key) ?? `address ${network}`
