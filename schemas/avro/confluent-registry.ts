/** A schema registry that speaks the Confluent API, for instance Apicurio's under `/apis/ccompat/v7`. */
import { SchemaRegistry as Client, COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { SchemaRegistry } from './registry.ts'

const TIMEOUT_MS = 10_000
const NOT_FOUND = 404
/** Refusals of a schema: incompatible with its predecessor, no schema at all. */
const REFUSED = new Set([409, 422])
/** Levels that promise at least what BACKWARD promises. */
const STRICTER = new Map<string, COMPATIBILITY>([
  ['BACKWARD_TRANSITIVE', COMPATIBILITY.BACKWARD_TRANSITIVE],
  ['FULL', COMPATIBILITY.FULL],
  ['FULL_TRANSITIVE', COMPATIBILITY.FULL_TRANSITIVE],
])

/**
 * The client registers and looks up; messages never pass through it, since it builds a resolver for each of them. Its
 * own retries are off: whoever asks repeats, and says so. It reports a connection that failed as status 400 without a
 * code of the registry, so everything but a clear answer counts as unavailable.
 */
export class ConfluentRegistry implements SchemaRegistry {
  readonly address: string
  readonly #client: Client

  /** `url` may carry user and password. */
  constructor(url: string) {
    const { username, password, origin, pathname } = new URL(url)
    this.address = `${origin}${pathname.replace(/\/$/, '')}`
    const auth = { username: decodeURIComponent(username), password: decodeURIComponent(password) }
    this.#client = new Client({
      host: this.address,
      clientId: 'caudal',
      retry: { retries: 0 },
      middlewares: [
        () => ({ request: request => Promise.resolve(request.enhance({ timeout: TIMEOUT_MS })) }),
      ],
      ...(username !== '' && { auth }),
    })
  }

  async register(subject: string, schema: string): Promise<number> {
    const known = await this.idOf(subject, schema)
    if (known !== undefined) return known
    try {
      return await this.#add(subject, schema, COMPATIBILITY.BACKWARD)
    } catch (error) {
      const stricter = levelOf(error)
      if (stricter !== undefined) return this.#answer(() => this.#add(subject, schema, stricter), subject)
      throw this.#asError(error, subject)
    }
  }

  idOf(subject: string, schema: string): Promise<number | undefined> {
    const avro = { type: SchemaType.AVRO, schema } as const
    return this.#found(() => this.#client.getRegistryIdBySchema(subject, avro))
  }

  async latest(subject: string): Promise<string | undefined> {
    const id = await this.#found(() => this.#client.getLatestSchemaId(subject))
    return id === undefined ? undefined : this.schemaOf(id)
  }

  schemaOf(id: number): Promise<string | undefined> {
    return this.#found(async () => JSON.stringify(await this.#client.getSchema(id)))
  }

  async #add(subject: string, schema: string, compatibility: COMPATIBILITY): Promise<number> {
    const { id } = await this.#client.register({ type: SchemaType.AVRO, schema }, { subject, compatibility })
    return id
  }

  async #found<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask()
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw this.#asError(error)
    }
  }

  async #answer<T>(ask: () => Promise<T>, subject: string): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      throw this.#asError(error, subject)
    }
  }

  #asError(error: unknown, subject?: string): CaudalError {
    const reason = reasonOf(error)
    if (subject !== undefined && isRefusal(error)) {
      return new CaudalError('SCHEMAS_REFUSED', { faults: `${subject}: ${reason}` }, error)
    }
    return new CaudalError('REGISTRY_UNAVAILABLE', { registry: this.address, reason }, error)
  }
}

/** By the registry, or by the client, which takes schemas with a name alone: records, enums, fixed. */
function isRefusal(error: unknown): boolean {
  return REFUSED.has(statusOf(error) ?? 0) || REFUSED_BY_CLIENT.has(nameOf(error))
}

const LEVEL_DIFFERS = 'ConfluentSchemaRegistryCompatibilityError'

const REFUSED_BY_CLIENT = new Set([
  LEVEL_DIFFERS,
  'ConfluentSchemaRegistryArgumentError',
  'ConfluentSchemaRegistryInvalidSchemaError',
])

/** The client insists that a subject has the level asked for; what it found stands in its message alone. */
function levelOf(error: unknown): COMPATIBILITY | undefined {
  if (nameOf(error) !== LEVEL_DIFFERS) return undefined
  return STRICTER.get(/!= (\w+)\)/.exec(reasonOf(error))?.[1] ?? '')
}

/**
 * The registry itself says that there is no such thing. A 404 without a message of its own comes from something else,
 * for instance a proxy or a wrong path. The client drops the status in one of its calls.
 */
function isAbsence(error: unknown): boolean {
  const absent = statusOf(error) === NOT_FOUND || nameOf(error) === 'ConfluentSchemaRegistryError'
  return absent && !reasonOf(error).includes(`Error, status ${NOT_FOUND}`)
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : '')
