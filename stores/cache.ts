/**
 * The port of the cache. One suite (test/conformance/cache.ts) runs on every adapter. A call rejects with `Unavailable`
 * (code UNAVAILABLE) while the cache is away. A caller that only looks then does without.
 */
import type { Organization } from './organization.ts'

/** Longer lives are cut. */
export const TTL_MAX_MS = 30 * 24 * 3_600_000
/** Larger values are not kept. */
export const VALUE_BYTES_MAX = 1_000_000

/** Look-ups of one namespace since the start of this process. */
export interface CacheStatistics {
  readonly hits: number
  readonly misses: number
  /** Calls that failed. */
  readonly errors: number
}

/** Keys are `namespace:name`. An entry belongs to the organisation that set it, and no other finds it. */
export interface Cache {
  get(organization: Organization, key: string): Promise<string | undefined>
  /** Replaces what was there. A value that is too large removes it. */
  set(organization: Organization, key: string, value: string, ttlMs: number): Promise<void>
  /**
   * Puts the value in the place of another, and nothing in between: resolves to whether the other was there. Without
   * `before`, it puts the value where none is. Rejects as well with a value that is too large.
   */
  replace(
    organization: Organization,
    key: string,
    before: string | undefined,
    value: string,
    ttlMs: number,
  ): Promise<boolean>
  /** Of the keys that match, where `*` stands for any text; resolves to how many there were. */
  deleteMatching(organization: Organization, pattern: string): Promise<number>
  /** Of this process, by namespace. */
  statistics(): Readonly<Record<string, CacheStatistics>>
}
