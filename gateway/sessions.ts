/**
 * Sessions on the cache: any gateway reads them, and each use prolongs their life. An update names the version that it was
 * made from, and is refused when another came between.
 *
 * A session logs its owner in by a cookie. The cookie has a secret besides the id, since ids stand in addresses, which end in
 * logs. It may do what the key may do that the session was made with, as long as this key is in force.
 */
import { hash } from 'node:crypto'
import type { System } from '#core/system.ts'
import type { Cache } from '#stores/cache.ts'
import { type Organization, organizationOf } from '#stores/organization.ts'

export const SESSION_NAMESPACE = 'session'

export interface Session {
  readonly id: string
  /** Who is logged in, as the client names the user. */
  readonly user: string | undefined
  /** Where it was made from. */
  readonly address: string
  readonly data: object
  /** Counts updates, from 1 on. */
  readonly version: number
  /** Id of the key that it was made with; nothing where no keys are set. */
  readonly key: string | undefined
  /** Name of that key, which the next key of a rotation has too. */
  readonly keyName: string | undefined
  /** SHA-256 of what the cookie has besides the id. */
  readonly digest: string
  /** Milliseconds since the epoch, as is `usedAt`. */
  readonly createdAt: number
  /** Its life is counted from here. */
  readonly usedAt: number
}

export interface SessionsOptions {
  readonly cache: Cache
  readonly system: System
  readonly ttlMs: number
  /** What nobody can guess. */
  readonly secrets: Secrets
}

export interface Secrets {
  secret(): string
  uuid(): string
}

export type NewSession = Pick<Session, 'user' | 'address' | 'data' | 'key' | 'keyName'>

/** Whether a caller may do what it asks with the session. */
export type IsAllowed = (session: Session) => boolean

/** Its life is prolonged when so much of it is over: else each request would be a write. */
const USED_PART = 0.1
const COOKIE = /^([A-Za-z0-9_-]{0,64})\.([0-9a-f-]{36})\.([\w-]{43})$/

export class Sessions {
  readonly #options: SessionsOptions

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  get ttlMs(): number {
    return this.#options.ttlMs
  }

  /** The session, and what its cookie holds. */
  async create(
    organization: Organization,
    { user, address, data, key, keyName }: NewSession,
  ): Promise<{ readonly session: Session; readonly cookie: string }> {
    const { secrets, system } = this.#options
    const [id, secret] = [secrets.uuid(), secrets.secret()]
    const now = system.now()
    const digest = hash('sha256', secret)
    const made = { id, user, address, data, key, keyName }
    const session = { ...made, version: 1, digest, createdAt: now, usedAt: now }
    await this.#replace(organization, undefined, session)
    return { session, cookie: `${organization}.${id}.${secret}` }
  }

  /** What a session holds, where the caller may see it. Its life is prolonged. */
  async get(organization: Organization, id: string, isAllowed: IsAllowed): Promise<Session | undefined> {
    const session = await this.#read(organization, id)
    return session && isAllowed(session) ? this.#used(organization, session) : undefined
  }

  /** The session that a cookie is of, with whose it is. */
  async ofCookie(
    text: string,
  ): Promise<{ readonly organization: Organization; readonly session: Session } | undefined> {
    const [, name, id = '', secret = ''] = COOKIE.exec(text) ?? []
    if (name === undefined) return undefined
    const organization = organizationOf(name)
    const session = await this.#read(organization, id)
    if (session?.digest !== hash('sha256', secret)) return undefined
    return { organization, session: await this.#used(organization, session) }
  }

  /** Puts other data in its place. `changed` where the version is another by now. */
  async update(
    organization: Organization,
    id: string,
    { version, data }: Pick<Session, 'version' | 'data'>,
    isAllowed: IsAllowed,
  ): Promise<Session | 'changed' | undefined> {
    const before = await this.#read(organization, id)
    if (!before || !isAllowed(before)) return undefined
    if (before.version !== version) return 'changed'
    const session = { ...before, data, version: version + 1, usedAt: this.#options.system.now() }
    if (await this.#replace(organization, before, session)) return session
    // A use of the session came between, or another update.
    return this.update(organization, id, { version, data }, isAllowed)
  }

  /** Whether there was one that the caller may end. */
  async end(organization: Organization, id: string, isAllowed: IsAllowed): Promise<boolean> {
    const session = await this.#read(organization, id)
    if (!session || !isAllowed(session)) return false
    return (await this.#options.cache.deleteMatching(organization, keyOf(id))) > 0
  }

  async #used(organization: Organization, session: Session): Promise<Session> {
    const { system, ttlMs } = this.#options
    const usedAt = system.now()
    if (usedAt - session.usedAt < ttlMs * USED_PART) return session
    const used = { ...session, usedAt }
    // Where another came between, the other has prolonged it.
    await this.#replace(organization, session, used)
    return used
  }

  async #read(organization: Organization, id: string): Promise<Session | undefined> {
    if (!/^[0-9a-f-]{36}$/.test(id)) return undefined
    const text = await this.#options.cache.get(organization, keyOf(id))
    return text === undefined ? undefined : sessionIn(text)
  }

  #replace(organization: Organization, before: Session | undefined, after: Session): Promise<boolean> {
    const { cache, ttlMs } = this.#options
    const was = before && JSON.stringify(before)
    return cache.replace(organization, keyOf(after.id), was, JSON.stringify(after), ttlMs)
  }
}

/** The id in the text of a cookie, whether or not such a session exists. */
export const idInCookie = (text: string): string | undefined => COOKIE.exec(text)?.[2]

const keyOf = (id: string): string => `${SESSION_NAMESPACE}:${id}`

/** Written by `Sessions` alone: the cache has checked whose it is. */
function sessionIn(text: string): Session | undefined {
  const found: Session = JSON.parse(text)
  return typeof found.digest === 'string' && typeof found.version === 'number' ? found : undefined
}
