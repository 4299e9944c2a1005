/** The way of a record through the delay tiers, hop by hop: never early, at most the smallest tier late. */
import { isUtf8 } from 'node:buffer'
import { asText } from '#core/codec.ts'

/** One tier. Lists of tiers ascend by wait. */
export interface DelayTier {
  readonly waitMs: number
}

export type Hop = { readonly kind: 'deliver' } | { readonly kind: 'tier'; readonly waitMs: number }

/** The content of the header `caudal-delay`. */
export interface DelayHeader {
  /** The record is delivered no earlier, in milliseconds since the epoch. */
  readonly due: number
  /** The topic that the record is for. */
  readonly target: string
  /** When the record entered its present tier. */
  readonly enteredAt: number
}

const DELIVER: Hop = Object.freeze({ kind: 'deliver' })

/**
 * The next hop at time `now`: the largest tier that fits in the remaining wait, or the smallest tier if none fits. Waits beyond
 * the largest tier repeat it. Without tiers everything is delivered at once.
 */
export function nextHop(tiers: readonly DelayTier[], now: number, notBefore: number): Hop {
  const rest = notBefore - now
  if (rest <= 0) return DELIVER
  let chosen = tiers[0]
  for (const tier of tiers) if (tier.waitMs <= rest) chosen = tier
  return chosen ? { kind: 'tier', waitMs: chosen.waitMs } : DELIVER
}

/**
 * The remaining wait of a record that has passed its tier. There are two measures, and the smaller one counts: the wall clock,
 * and what was left at the entry minus the tier's wait. They differ if the clock went back, or if the writer's clock was ahead.
 */
export function restOf({ due, enteredAt }: DelayHeader, waitedMs: number, now: number): number {
  return Math.min(due - now, due - enteredAt - waitedMs)
}

export function encodeDelay({ due, target, enteredAt }: DelayHeader): Uint8Array {
  return Buffer.from(JSON.stringify({ due, target, enteredAt }))
}

/** `undefined` for an unreadable header: such a record has no known target and becomes a dead letter. */
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
