/**
 * Values that cost something to make, made once for all who want them. Callers in one process share one computation. Among
 * processes the maker holds a lease in the cache, and the others wait for its end.
 *
 * - A lease ends with its time: a maker that died holds up nobody longer. A maker gives its lease back at once, also when
 *   it fails, and never the lease of another.
 * - The lease saves work and guards nothing. A maker that is slower than its lease makes the value beside another.
 * - While the cache is away, each process makes the value for itself. So does a caller that has waited for too long.
 * - A caller that joined one that failed makes the value for itself: the failure may be the other's own.
 */
import { type System, sleep } from '#core/system.ts'
import { unlessAway } from '#core/unless-away.ts'
import type { Cache } from './cache.ts'
import type { Organization } from './organization.ts'

export interface ComputedOptions {
  readonly cache: Cache
  readonly system: System
  /** A text that no other lease has, at each call another. */
  readonly token: () => string
  /** How long a maker holds up others; 10 s when left out. */
  readonly leaseMs?: number
}

const LEASE_MS = 10_000
/** A caller waits for so many leases, one after another. */
const LEASES_MAX = 2
const LOOK_MS = 20
/** A lease is given back by one in its place that ends at once. */
const AT_ONCE_MS = 1

type Compute = () => Promise<string>

interface Wanted {
  readonly organization: Organization
  readonly key: string
  readonly ttlMs: number
}

export class Computed {
  readonly #options: ComputedOptions
  readonly #underWay = new Map<string, Promise<string>>()

  constructor(options: ComputedOptions) {
    this.#options = options
  }

  /** The value of the key, or the computed one, which the cache then keeps. Rejects as `compute` does. */
  getOrCompute(organization: Organization, key: string, ttlMs: number, compute: Compute): Promise<string> {
    const name = JSON.stringify([organization, key])
    const other = this.#underWay.get(name)
    if (other) return other.catch(compute)
    const made = this.#foundOrMade({ organization, key, ttlMs }, compute).finally(() =>
      this.#underWay.delete(name),
    )
    this.#underWay.set(name, made)
    return made
  }

  async #foundOrMade(wanted: Wanted, compute: Compute): Promise<string> {
    const { cache } = this.#options
    const { organization, key, ttlMs } = wanted
    const found = await unlessAway(cache.get(organization, key))
    if (found !== undefined) return found
    const token = await unlessAway(this.#lease(wanted))
    if (token === undefined) return compute()
    try {
      // Another may have made it between the look and the lease.
      const late = await unlessAway(cache.get(organization, key))
      if (late !== undefined) return late
      const value = await compute()
      await unlessAway(cache.set(organization, key, value, ttlMs))
      return value
    } finally {
      await unlessAway(cache.replace(organization, leaseOf(key), token, '', AT_ONCE_MS))
    }
  }

  /** Nothing after too long a wait. */
  async #lease({ organization, key }: Wanted): Promise<string | undefined> {
    const { cache, system, leaseMs = LEASE_MS } = this.#options
    const token = this.#options.token()
    const until = system.monotonic() + LEASES_MAX * leaseMs
    while (!(await cache.replace(organization, leaseOf(key), undefined, token, leaseMs))) {
      if (system.monotonic() >= until) return undefined
      await sleep(system, LOOK_MS)
    }
    return token
  }
}

const leaseOf = (key: string): string => `lease:${key}`
