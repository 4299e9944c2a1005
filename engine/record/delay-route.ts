/** The way of a record through the delay tiers, hop by hop: never early, at most the smallest tier late. */
import { isUtf8 } from 'node:buffer'
import { asText } from '#core/codec.ts'

/** One tier; tiers are given ascending by wait. */
export interface DelayTier {
  readonly waitMs: number
}

export type Hop = { readonly kind: 'deliver' } | { readonly kind: 'tier'; readonly waitMs: number }

/** What the header `caudal-delay` carries. */
export interface DelayHeader {
  /** Not before this time, milliseconds since the epoch. */
  readonly due: number
  /** The topic that it is for. */
  readonly target: string
  /** When it entered its present tier. */
  readonly enteredAt: number
}

const DELIVER: Hop = Object.freeze({ kind: 'deliver' })

/**
 * The next hop at time `now`: the largest tier that is not longer than the rest, the largest again and again while the
 * rest is longer, the smallest when the rest is shorter still. Without tiers everything is delivered at once.
 */
export function nextHop(tiers: readonly DelayTier[], now: number, notBefore: number): Hop {
  const rest = notBefore - now
  if (rest <= 0) return DELIVER
  let chosen = tiers[0]
  for (const tier of tiers) if (tier.waitMs <= rest) chosen = tier
  return chosen ? { kind: 'tier', waitMs: chosen.waitMs } : DELIVER
}

/**
 * How long a record that has waited out its tier has still to wait. By the wall clock, or by what was left when it entered and the
 * tier's wait, where that is less: the clock has gone back since then, or was another's that was ahead.
 */
export function restOf({ due, enteredAt }: DelayHeader, waitedMs: number, now: number): number {
  return Math.min(due - now, due - enteredAt - waitedMs)
}

export function encodeDelay({ due, target, enteredAt }: DelayHeader): Uint8Array {
  return Buffer.from(JSON.stringify({ due, target, enteredAt }))
}

/** `undefined` for anything unreadable: such a record has no known target and belongs to the dead letters. */
export function decodeDelay(bytes: Uint8Array): DelayHeader | undefined {
  if (!isUtf8(bytes)) return undefined
  let fields: Partial<Record<keyof DelayHeader, unknown>> | null
  try {
    fields = JSON.parse(asText(bytes))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  const { due, target, enteredAt } = fields ?? {}
  if (typeof due !== 'number' || typeof target !== 'string' || typeof enteredAt !== 'number') return undefined
  return { due, target, enteredAt }
}
