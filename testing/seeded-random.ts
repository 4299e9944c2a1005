/**
 * Repeatable randomness: xoshiro128** 1.1 by David Blackman and Sebastiano Vigna. Public domain,
 * https://prng.di.unimi.it/xoshiro128starstar.c.
 *
 * A seed fills the state by the SplitMix scheme that the authors recommend, in its 32-bit form with the finaliser of MurmurHash3.
 */

/** A generator of numbers in [0, 1) with 32 random bits each. */
export type Random = () => number

export function seededRandom(seed: number): Random {
  const next = splitMix(seed)
  return fromState(next(), next(), next(), next())
}

/** The generator with this state; at least one word must not be zero. Exported for its test against the reference. */
export function fromState(a: number, b: number, c: number, d: number): Random {
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return (result >>> 0) / 2 ** 32
  }
}

/** A seed for one part of a run, so that its draws do not depend on how often the other parts draw. */
export function seedOf(seed: number, name: string): number {
  let hash = seed | 0
  for (let i = 0; i < name.length; i++) hash = mix(hash ^ Math.imul(name.charCodeAt(i) + i, 0x9e3779b9))
  return hash
}

function splitMix(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    return mix(state)
  }
}

function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return word ^ (word >>> 16)
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
