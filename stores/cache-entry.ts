/** What the adapters of the cache have in common: the form of an entry, patterns, and what is counted. */
import { publish } from '#core/diagnostics.ts'
import { CaudalError } from '#core/errors.ts'
import type { CacheStatistics } from './cache.ts'
import { TTL_MAX_MS, VALUE_BYTES_MAX } from './cache.ts'
import type { Organization } from './organization.ts'

/** JSON, so that people can read it with the tools of the store; nothing for a value that is too large. */
export function entryOf(organization: Organization, value: string): string | undefined {
  const entry = JSON.stringify({ organization, value })
  return Buffer.byteLength(entry) > VALUE_BYTES_MAX ? undefined : entry
}

/** Throws REJECTED for a value that is too large. */
export function wholeEntryOf(organization: Organization, value: string): string {
  const entry = entryOf(organization, value)
  if (entry === undefined)
    throw new CaudalError('REJECTED', { reason: 'the value is too large for the cache' })
  return entry
}

/** The value, where the entry is one and the organisation's own. */
export function valueIn(organization: Organization, entry: string | null | undefined): string | undefined {
  if (entry === null || entry === undefined) return undefined
  try {
    const found: unknown = JSON.parse(entry)
    if (typeof found !== 'object' || found === null) return undefined
    if (!('organization' in found && 'value' in found)) return undefined
    return found.organization === organization && typeof found.value === 'string' ? found.value : undefined
  } catch {
    return undefined // Another program wrote it.
  }
}

/** A lifetime that every cache takes: whole milliseconds, from 1 to `TTL_MAX_MS`. */
export const lifeOf = (ttlMs: number): number => Math.max(1, Math.min(TTL_MAX_MS, Math.floor(ttlMs)))

/** A `*` stands for any text; everything else for itself. */
export function matcherOf(pattern: string): (key: string) => boolean {
  const parts = pattern.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  const expression = new RegExp(`^${parts.join('.*')}$`, 's')
  return key => expression.test(key)
}

interface Counts {
  hits: number
  misses: number
  errors: number
}

/** Counts the look-ups of one cache by the namespace of their keys, and publishes hits and misses. */
export class CacheCounts {
  readonly #counts = new Map<string, Counts>()

  count(key: string, what: keyof Counts): void {
    const namespace = key.slice(0, Math.max(0, key.indexOf(':')))
    const counts = this.#counts.get(namespace) ?? { hits: 0, misses: 0, errors: 0 }
    counts[what]++
    if (what !== 'errors') publish('caudal:cache:looked', { namespace, isHit: what === 'hits' })
    this.#counts.set(namespace, counts)
  }

  get statistics(): Readonly<Record<string, CacheStatistics>> {
    return Object.fromEntries([...this.#counts].map(([name, counts]) => [name, { ...counts }]))
  }
}
