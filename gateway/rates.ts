/**
 * How much a caller may ask: requests a minute by key, and questions a day by organisation.
 *
 * With a shared counter all gateways count together. Without one, or while it is away, each gateway counts for itself. It
 * then counts every request as many times as there are gateways: their limits together are the limit, not a multiple of it.
 */
import type { System } from '#core/system.ts'
import { unlessAway } from '#core/unless-away.ts'
import type { Organization } from '#stores/organization.ts'
import type { Counted, RateCounter } from '#stores/rate-counter.ts'
import { Problem } from './problem.ts'

export interface RateOptions {
  /** Requests of a key; 0 for any number. */
  readonly requestsAMinute: number
  /** Questions of an organisation; 0 for any number. */
  readonly questionsADay: number
  /** Of all gateways together, where there is one. */
  readonly shared: RateCounter | undefined
  /** How many gateways there are now, this one among them. */
  gateways(): number
  readonly system: System
}

export const MINUTE_MS = 60_000
const DAY_MS = 24 * 3_600_000

export class Rates {
  readonly #options: RateOptions
  readonly #requests: OwnCounter
  /** Apart from requests: however many ask without a key, no quota is forgotten for it. */
  readonly #questions: OwnCounter

  constructor(options: RateOptions) {
    this.#options = options
    this.#requests = new OwnCounter(options.system, MINUTE_MS)
    this.#questions = new OwnCounter(options.system, DAY_MS)
  }

  get requestsAMinute(): number {
    return this.#options.requestsAMinute
  }

  /** Adds a request of the key, or of an address without one. */
  request(key: string): Promise<Counted> {
    return this.#add(this.#requests, `requests:${key}`, 1)
  }

  /** Adds a request; the problem says that there were too many. */
  async overLimit(key: string): Promise<Problem | undefined> {
    const { requestsAMinute } = this.#options
    if (requestsAMinute === 0) return undefined
    const { total, resetMs } = await this.request(key)
    if (total <= requestsAMinute) return undefined
    return new Problem('rate_limited', { retryAfterS: Math.ceil(resetMs / 1_000) })
  }

  /** Takes questions of today, all of them or none; the problem says until when there are no more. */
  async questions(organization: Organization, count: number): Promise<Charge | Problem> {
    const { questionsADay, system } = this.#options
    if (questionsADay === 0 || count === 0) return FREE
    const today = Math.floor(system.now() / DAY_MS)
    const charge = await this.#add(this.#questions, `questions:${organization}:${today}`, count)
    if (charge.total <= questionsADay) return charge
    // Those that are refused are given back, so that fewer may still be asked.
    await charge.giveBack(count)
    const left = Math.max(0, Math.floor((questionsADay - charge.total) / charge.weight) + count)
    const retryAfterS = Math.ceil(((today + 1) * DAY_MS - system.now()) / 1_000)
    return new Problem('quota_used_up', {
      detail: `${questionsADay} questions a day are allowed, and ${left} are left ${charge.weight > 1 ? 'at this gateway ' : ''}until midnight UTC.`,
      retryAfterS,
    })
  }

  async #add(own: OwnCounter, key: string, count: number): Promise<Counted & Charge & Weighed> {
    const { shared, gateways } = this.#options
    const { windowMs } = own
    const together = await unlessAway(shared?.add(key, count, windowMs))
    if (together) {
      const giveBack = async (given: number) => void (await unlessAway(shared?.add(key, -given, windowMs)))
      return { ...together, weight: 1, giveBack }
    }
    const weight = Math.max(1, gateways())
    const giveBack = async (given: number) => void own.add(key, -given * weight)
    return { ...own.add(key, count * weight), weight, giveBack }
  }
}

/**
 * Questions that were counted. What is given back goes to the count that it came from, with the weight that it had. A count
 * that is away by then keeps it: so the limit is never passed.
 */
export interface Charge {
  giveBack(count: number): Promise<void>
}

const FREE: Charge = { giveBack: async () => {} }

interface Weighed {
  /** How many times each question was counted. */
  readonly weight: number
}

const KEYS_MAX = 50_000

interface Window {
  total: number
  readonly endsAt: number
}

/**
 * Counts of one process, in windows of one length. So they stand in the order in which they end. Those that have ended are
 * forgotten, and above `KEYS_MAX` the one that ends first.
 */
class OwnCounter {
  readonly windowMs: number
  readonly #system: System
  readonly #counts = new Map<string, Window>()

  constructor(system: System, windowMs: number) {
    this.#system = system
    this.windowMs = windowMs
  }

  add(key: string, count: number): Counted {
    const now = this.#system.monotonic()
    const known = this.#counts.get(key)
    const current = known && known.endsAt > now ? known : { total: 0, endsAt: now + this.windowMs }
    current.total += count
    if (current !== known) this.#begin(key, current, now)
    return { total: current.total, resetMs: current.endsAt - now }
  }

  #begin(key: string, current: Window, now: number): void {
    this.#counts.delete(key)
    this.#counts.set(key, current)
    for (const [oldest, { endsAt }] of this.#counts) {
      if (endsAt > now && this.#counts.size <= KEYS_MAX) return
      this.#counts.delete(oldest)
    }
  }
}
