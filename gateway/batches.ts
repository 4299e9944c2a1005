/** The batches that were put in: which runs belong to each. They are remembered here, and for other gateways in the cache. */

import { unlessAway } from '#core/unless-away.ts'
import type { Cache } from '#stores/cache.ts'
import type { Organization } from '#stores/organization.ts'

/** A batch that was put in. */
export interface Batch {
  /** Ids of its runs, in the order of its items. */
  readonly tasks: readonly string[]
  /** Items that had faults. */
  readonly rejected: number
  /** Tells its questions from those of another batch; batches of earlier versions have none. */
  readonly digest?: string | undefined
}

const BATCHES_MAX = 1_000
const TTL_MS = 7 * 24 * 3_600_000

/** Without a cache, or while it is away, a batch is known to the gateway that took it alone. */
export class Batches {
  readonly #cache: Cache | undefined
  readonly #known = new Map<string, Batch>()

  constructor(cache: Cache | undefined) {
    this.#cache = cache
  }

  async keep(organization: Organization, id: string, batch: Batch): Promise<void> {
    const key = keyOf(organization, id)
    this.#known.delete(key)
    this.#known.set(key, batch)
    const [oldest] = this.#known.keys()
    if (this.#known.size > BATCHES_MAX && oldest !== undefined) this.#known.delete(oldest)
    await unlessAway(this.#cache?.set(organization, `batch:${id}`, JSON.stringify(batch), TTL_MS))
  }

  async get(organization: Organization, id: string): Promise<Batch | undefined> {
    const known = this.#known.get(keyOf(organization, id))
    if (known) return known
    const text = await unlessAway(this.#cache?.get(organization, `batch:${id}`))
    return text === undefined ? undefined : batchIn(text)
  }
}

/** Unambiguous, whatever the names hold. */
const keyOf = (organization: Organization, id: string): string => JSON.stringify([organization, id])

function batchIn(text: string): Batch | undefined {
  const found = parsed(text)
  if (typeof found !== 'object' || found === null || !('tasks' in found && 'rejected' in found))
    return undefined
  const { tasks, rejected } = found
  const digest = 'digest' in found && typeof found.digest === 'string' ? found.digest : undefined
  return isTexts(tasks) && typeof rejected === 'number' ? { tasks, rejected, digest } : undefined
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(each => typeof each === 'string')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Another program wrote it.
  }
}
