/** Seeded randomness for property tests: the same seed gives the same history on every machine. */

export interface Seeded {
  /** In [0, 1). */
  next(): number
  /** An integer in [0, limit). */
  below(limit: number): number
}

/** xorshift32 (Marsaglia, 2003). */
export function seeded(seed: number): Seeded {
  let state = Math.imul(seed, 0x9e3779b1) | 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  return { next, below: limit => Math.floor(next() * limit) }
}
