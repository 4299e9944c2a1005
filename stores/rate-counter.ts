/**
 * The port of counts that a limit is compared with. A call rejects with `Unavailable` (code UNAVAILABLE) while the store is
 * away: the caller then counts by itself.
 */

/** A count in a window of time that began with the first addition. */
export interface Counted {
  readonly total: number
  /** Until the window is over and the count begins again. */
  readonly resetMs: number
}

/** The port of counts that all gateways share. */
export interface RateCounter {
  /** Adds to the count under the key, and resolves to the new total: no other addition comes between. */
  add(key: string, count: number, windowMs: number): Promise<Counted>
}
