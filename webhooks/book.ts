/** The file of webhooks: of each organisation its secrets and its endpoints; read again when it changes. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { SECRETS_MAX, secretFault } from './signature.ts'
import { type Subscriptions, urlFault, WEBHOOK_EVENTS, type WebhookEvent } from './webhook.ts'

export interface Endpoint {
  readonly url: string
  readonly events: readonly WebhookEvent[]
}

/** What the file says of one organisation. */
export interface Subscriber {
  /** Empty for what belongs to none. */
  readonly organization: string
  /** One, or two while they are changed. */
  readonly secrets: readonly string[]
  readonly endpoints: readonly Endpoint[]
}

type Loose = Readonly<Record<string, unknown>>
const isLoose = (value: unknown): value is Loose => typeof value === 'object' && value !== null

/** What such a text says, or every fault of it. A fault quotes no secret. */
export function subscribersIn(text: string): readonly Subscriber[] | { readonly faults: readonly string[] } {
  try {
    const found: unknown = JSON.parse(text)
    const list = isLoose(found) ? found.organizations : undefined
    if (!Array.isArray(list)) return { faults: ['it must be a JSON object with a list named organizations'] }
    const read = list.map(subscriberIn)
    const faults = read.flatMap((each, index) => each.faults.map(fault => `organization ${index}: ${fault}`))
    const names = read.map(({ subscriber }) => subscriber.organization)
    const twice = names.filter((name, index) => names.indexOf(name) !== index)
    faults.push(...twice.map(name => `organization "${name}" is there twice`))
    return faults.length > 0 ? { faults } : read.map(({ subscriber }) => subscriber)
  } catch {
    return { faults: ['it is no JSON'] } // What the parser says of it may quote a secret.
  }
}

function subscriberIn(found: unknown): {
  readonly subscriber: Subscriber
  readonly faults: readonly string[]
} {
  const { organization = '', secrets, endpoints = [] } = isLoose(found) ? found : {}
  const faults: string[] = []
  if (typeof organization !== 'string') faults.push('organization must be text')
  const keys = Array.isArray(secrets) ? secrets.filter(each => typeof each === 'string') : []
  if (
    !Array.isArray(secrets) ||
    keys.length !== secrets.length ||
    keys.length < 1 ||
    keys.length > SECRETS_MAX
  )
    faults.push(`secrets must be a list of 1 or ${SECRETS_MAX} texts`)
  faults.push(...keys.flatMap(each => secretFault(each) ?? []))
  if (!Array.isArray(endpoints)) faults.push('endpoints must be a list')
  const read = Array.isArray(endpoints) ? endpoints.map(endpointIn) : []
  faults.push(...read.flatMap(each => (typeof each === 'string' ? [each] : [])))
  const subscriber = {
    organization: String(organization),
    secrets: keys,
    endpoints: read.filter(each => typeof each !== 'string'),
  }
  return { subscriber, faults }
}

const isEvent = (text: unknown): text is WebhookEvent => WEBHOOK_EVENTS.some(event => event === text)

function endpointIn(found: unknown): Endpoint | string {
  const { url, events = WEBHOOK_EVENTS } = isLoose(found) ? found : {}
  if (typeof url !== 'string') return 'the url of an endpoint must be text'
  const fault = urlFault(url)
  if (fault !== undefined) return `the url of an endpoint ${fault}`
  if (!Array.isArray(events) || events.length === 0 || !events.every(isEvent))
    return `events must be a list of ${WEBHOOK_EVENTS.join(', ')}`
  return { url, events }
}

/** Where the file is kept. */
export interface BookSource {
  /** What people call it. */
  readonly name: string
  /** Differs whenever the text does; rejects where it cannot be read. */
  stamp(): Promise<string>
  text(): Promise<string>
}

export interface BookOptions {
  readonly source: BookSource
  readonly system: System
  readonly logger: Pick<Logger, 'error'>
}

/** What is changed in the file holds so long after. */
const FRESH_MS = 1_000

/**
 * A file that cannot be read any more, or has faults, leaves what was known, and the log names the faults. So a torn write
 * loses no message.
 */
export class WebhookBook implements Subscriptions {
  readonly #options: BookOptions
  #subscribers: ReadonlyMap<string, Subscriber> = new Map()
  #stamp: string | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  #checking: Promise<void> | undefined
  #trouble: string | undefined

  constructor(options: BookOptions) {
    this.#options = options
  }

  /** Rejects with CONFIGURATION_INVALID where the file has faults. */
  async start(): Promise<void> {
    try {
      await this.#read()
    } catch (error) {
      const faults = `WEBHOOKS_FILE ${this.#options.source.name}: ${reasonOf(error)}`
      throw new CaudalError('CONFIGURATION_INVALID', { faults }, error)
    }
  }

  async all(): Promise<readonly Subscriber[]> {
    await this.#freshen()
    return [...this.#subscribers.values()]
  }

  async of(organization: string): Promise<Subscriber | undefined> {
    await this.#freshen()
    return this.#subscribers.get(organization)
  }

  async endpointsOf(organization: string, event: WebhookEvent): Promise<readonly string[] | undefined> {
    const subscriber = await this.of(organization)
    return subscriber?.endpoints.filter(({ events }) => events.includes(event)).map(({ url }) => url)
  }

  async secretsOf(organization: string): Promise<readonly string[]> {
    return (await this.of(organization))?.secrets ?? []
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
        logger.error('the file of webhooks cannot be used: what it said before stays in force', {
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
    const found = subscribersIn(await source.text())
    if ('faults' in found) throw new CaudalError('REJECTED', { reason: found.faults.join('; ') })
    this.#subscribers = new Map(found.map(each => [each.organization, each]))
    this.#stamp = stamp
    this.#checkedAt = this.#options.system.monotonic()
  }
}
