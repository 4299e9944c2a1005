/** Keys of the gateway: the form of a key, what a file of keys holds, and which keys are in force. */
import { hash } from 'node:crypto'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'

/** What a key may do. None holds another: a key has each scope that it was given. */
export const SCOPES = ['ask', 'read', 'operate', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Begins every key, so that a key that has leaked is recognised for what it is. */
export const KEY_PREFIX = 'caudal_'
/** A rotation needs two of one name for a while. */
export const KEYS_A_NAME_MAX = 2

export interface Key {
  /** Begins the digest; it names the key in lists, and for rate limits. */
  readonly id: string
  /** What people call it; the next key of a rotation has the same name. */
  readonly name: string
  readonly organization: string
  readonly scopes: readonly Scope[]
  /** SHA-256 of the key, in hexadecimal digits. The key has 256 random bits: a slow digest would protect nothing more. */
  readonly digest: string
  /** ISO 8601. */
  readonly createdAt: string
}

const ID_DIGITS = 12

export const digestOf = (key: string): string => hash('sha256', key)
export const idOf = (digest: string): string => digest.slice(0, ID_DIGITS)

/** A name that goes into identities of events, where a dot ends it. */
export const isName = (text: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(text)
export const isScope = (text: unknown): text is Scope => SCOPES.some(scope => scope === text)

/** The text of a file with these keys. */
export const keysText = (keys: readonly Key[]): string =>
  `${JSON.stringify(
    {
      keys: keys.map(({ name, organization, scopes, digest, createdAt }) => ({
        name,
        organization,
        scopes,
        sha256: digest,
        created_at: createdAt,
      })),
    },
    null,
    2,
  )}\n`

/** The keys of such a text, or every fault of it. An empty text has none. */
export function keysIn(text: string): readonly Key[] | { readonly faults: readonly string[] } {
  if (text.trim() === '') return []
  try {
    const found: unknown = JSON.parse(text)
    const list = isLoose(found) ? found.keys : undefined
    if (!Array.isArray(list)) return { faults: ['it must be a JSON object with a list named keys'] }
    const read = list.map(keyIn)
    const faults = read.flatMap((each, index) => (typeof each === 'string' ? [`key ${index}: ${each}`] : []))
    return faults.length > 0 ? { faults } : read.filter(each => typeof each !== 'string')
  } catch (error) {
    return { faults: [`it is no JSON: ${reasonOf(error)}`] }
  }
}

type Loose = Readonly<Record<string, unknown>>

const isLoose = (value: unknown): value is Loose => typeof value === 'object' && value !== null

function keyIn(found: unknown): Key | string {
  const { name, organization, scopes, sha256, created_at: createdAt } = isLoose(found) ? found : {}
  if (typeof name !== 'string' || !isName(name)) return 'name must be 1 to 64 letters, digits, _ or -'
  if (typeof organization !== 'string' || !isName(organization))
    return 'organization must be 1 to 64 letters, digits, _ or -'
  if (!Array.isArray(scopes) || scopes.length === 0 || !scopes.every(isScope))
    return `scopes must be a list of ${SCOPES.join(', ')}`
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    return 'sha256 must be 64 hexadecimal digits'
  const created = typeof createdAt === 'string' ? createdAt : ''
  return { id: idOf(sha256), name, organization, scopes, digest: sha256, createdAt: created }
}

/** Where keys are kept. */
export interface KeySource {
  /** What people call it. */
  readonly name: string
  /** Differs whenever the text does; rejects where it cannot be read. */
  stamp(): Promise<string>
  text(): Promise<string>
}

export interface KeyRingOptions {
  readonly source: KeySource
  readonly system: System
  readonly logger: Logger
}

/** A key that was revoked is refused so long after. */
const FRESH_MS = 1_000

/**
 * The keys in force: those of the source, read again when it has changed. A source that cannot be read any more, or has
 * faults, leaves the keys that were known. The log names the faults. So a torn write locks nobody out.
 */
export class KeyRing {
  readonly #options: KeyRingOptions
  #keys: ReadonlyMap<string, Key> = new Map()
  #stamp: string | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  #checking: Promise<void> | undefined
  #trouble: string | undefined

  constructor(options: KeyRingOptions) {
    this.#options = options
  }

  /** Resolves to how many keys there are. Rejects with CONFIGURATION_INVALID where the source has faults. */
  async start(): Promise<number> {
    const { source } = this.#options
    try {
      await this.#read()
    } catch (error) {
      const faults = `GATEWAY_KEYS_FILE ${source.name}: ${reasonOf(error)}; caudal key create makes it`
      throw new CaudalError('CONFIGURATION_INVALID', { faults }, error)
    }
    return this.#keys.size
  }

  /** The key that the text is; nothing for one that is none, or not in force. */
  async keyOf(text: string): Promise<Key | undefined> {
    await this.#freshen()
    return this.#keys.get(digestOf(text))
  }

  /** The key in force of this id; nothing once it was revoked. */
  async keyById(id: string): Promise<Key | undefined> {
    await this.#freshen()
    return this.#keys.values().find(key => key.id === id)
  }

  #freshen(): Promise<void> | undefined {
    const { system } = this.#options
    if (this.#checking || system.monotonic() - this.#checkedAt < FRESH_MS) return this.#checking
    this.#checking = this.#check().finally(() => {
      this.#checkedAt = system.monotonic()
      this.#checking = undefined
    })
    return this.#checking
  }

  async #check(): Promise<void> {
    const { source, logger } = this.#options
    try {
      await this.#read()
      this.#trouble = undefined
    } catch (error) {
      const trouble = reasonOf(error)
      if (trouble !== this.#trouble)
        logger.error('the file of keys cannot be used: the keys that were known stay in force', {
          file: source.name,
          reason: trouble,
        })
      this.#trouble = trouble
    }
  }

  async #read(): Promise<void> {
    const { source } = this.#options
    const stamp = await source.stamp()
    if (stamp === this.#stamp) return
    const keys = keysIn(await source.text())
    if ('faults' in keys) throw new CaudalError('REJECTED', { reason: keys.faults.join('; ') })
    this.#keys = new Map(keys.map(key => [key.digest, key]))
    this.#stamp = stamp
    this.#checkedAt = this.#options.system.monotonic()
  }
}
