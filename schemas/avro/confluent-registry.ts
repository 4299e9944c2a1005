/** A schema registry that speaks the Confluent API, for instance Apicurio's under `/apis/ccompat/v7`. */
import { SchemaRegistry as Client, COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import { cut } from '#core/cut.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { decoded } from '#core/secrets.ts'
import type { SchemaRegistry } from './registry.ts'

const TIMEOUT_MS = 10_000
const NOT_FOUND = 404
const LOGIN_REFUSED = new Set([401, 403, 407])
/** Below are answers and redirects. */
const CLIENT_ERRORS_FROM = 400
const REASON_CHARACTERS_MAX = 300
/** Refusals of a schema: incompatible with its predecessor, no schema at all. */
const REFUSED = new Set([409, 422])
/** Levels that promise at least what BACKWARD promises. */
const STRICTER = new Map<string, COMPATIBILITY>([
  ['BACKWARD_TRANSITIVE', COMPATIBILITY.BACKWARD_TRANSITIVE],
  ['FULL', COMPATIBILITY.FULL],
  ['FULL_TRANSITIVE', COMPATIBILITY.FULL_TRANSITIVE],
])

/**
 * The client registers and looks up; messages never pass through the client, since it builds a resolver for each of them.
 * The client's own retries are off: the callers repeat and log. The client reports a failed connection as status 400
 * without a code of the registry. So everything but a clear answer counts as unavailable, and asking again may help. It does
 * not help where a login is refused, and where something else answers.
 */
export class ConfluentRegistry implements SchemaRegistry {
  readonly address: string
  readonly #client: Client

  /** `url` may carry user and password. */
  constructor(url: string) {
    const { username, password, origin, pathname } = new URL(url)
    this.address = `${origin}${pathname.replace(/\/$/, '')}`
    const auth = { username: decoded(username), password: decoded(password) }
    this.#client = new Client({
      host: this.address,
      clientId: 'caudal',
      retry: { retries: 0 },
      middlewares: [
        () => ({
          request: request => Promise.resolve(request.enhance({ timeout: TIMEOUT_MS })),
          response: async next => {
            const response = await next()
            // The client takes a redirect and a web page for answers.
            const [status, data] = [response.status(), response.data<unknown>()]
            if (status >= 300 || !isJson(data)) throw new NoAnswer(status, data)
            return response
          },
        }),
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
    const reason = cut(reasonOf(error), REASON_CHARACTERS_MAX)
    if (subject !== undefined && isRefusal(error)) {
      return new CaudalError('SCHEMAS_REFUSED', { faults: `${subject}: ${reason}` }, error)
    }
    const remedy = remedyOf(error)
    if (remedy === undefined) {
      const details = { registry: this.address, reason: `${reason}; check SCHEMA_REGISTRY_URL` }
      return new CaudalError('REGISTRY_UNAVAILABLE', details, error)
    }
    return new CaudalError('REGISTRY_REFUSED', { registry: this.address, reason, remedy }, error)
  }
}

/** What came is none of a schema registry, whatever its status says. */
class NoAnswer extends Error {
  readonly status: number

  constructor(status: number, data: unknown) {
    super(`status ${status}${data ? `: ${String(data)}` : ''}`)
    this.status = status
  }
}

/** The client parses what says that it is JSON. */
const isJson = (data: unknown) => typeof data === 'object' && data !== null

/** The client passes on no more of a connection that fails than its text. */
const OF_CONNECTIONS: readonly (readonly [said: RegExp, remedy: string])[] = [
  [
    /certificate/i,
    'its certificate is not trusted: where it is of an authority of your own, name that in NODE_EXTRA_CA_CERTS; else check SCHEMA_REGISTRY_URL',
  ],
  [
    /EPROTO|SSL routines/,
    'it does not speak TLS there: check http or https and the port in SCHEMA_REGISTRY_URL',
  ],
]

/** What a person can do; nothing where waiting may help. */
function remedyOf(error: unknown): string | undefined {
  const [, ofConnection] = OF_CONNECTIONS.find(([said]) => said.test(reasonOf(error))) ?? []
  if (ofConnection !== undefined) return ofConnection
  const status = statusOf(error)
  if (status === undefined) return undefined
  if (LOGIN_REFUSED.has(status))
    return 'put the user and the password that it wants into SCHEMA_REGISTRY_URL, as http://USER:PASSWORD@HOST'
  const isElse = status < CLIENT_ERRORS_FROM || status === NOT_FOUND
  return isElse
    ? 'no schema registry answers there; check the address and the path in SCHEMA_REGISTRY_URL'
    : undefined
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
  if (nameOf(error) === 'ConfluentSchemaRegistryError') return NOT_FOUND
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : '')
