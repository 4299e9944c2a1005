/** How a simulated provider behaves: its latency and its faults, drawn per request and attempt. */
import { draws, normal } from './draw.ts'

/** How long an answer takes, in milliseconds: always the same, or drawn around a median. */
export type Latency =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number }

/** The behaviour of a simulated provider. The rest of the shares are answers. */
export interface Profile {
  readonly latency: Latency
  /** Shares of the requests, each 0 to 1, together at most 1. */
  readonly rateLimited: number
  readonly failing: number
  readonly hanging: number
  readonly malformed: number
  readonly retryAfterMs: number
  /** A hanging request is answered after this, if somebody still waits. */
  readonly hangMs: number
}

/** A provider without faults that answers at once. */
export const CALM: Profile = {
  latency: { kind: 'fixed', ms: 0 },
  rateLimited: 0,
  failing: 0,
  hanging: 0,
  malformed: 0,
  retryAfterMs: 1_000,
  hangMs: 60_000,
}

/** What becomes of one call, and after which delay. */
export type Behaviour =
  | { readonly kind: 'answer'; readonly delayMs: number }
  | { readonly kind: 'refuse'; readonly delayMs: number; readonly retryAfterMs: number }
  | { readonly kind: 'fail'; readonly delayMs: number; readonly status: 500 | 502 | 503 }
  | { readonly kind: 'malform'; readonly delayMs: number; readonly form: 'cut' | 'html' | 'empty' }

/** Refusals come at once, as they do from real ones; failures after half of the latency. */
export function behaviourOf(profile: Profile, seed: string, requestId: string, attempt: number): Behaviour {
  const [fate, detail] = draws(seed, requestId, attempt, 'fate')
  const delayMs = latencyOf(profile.latency, draws(seed, requestId, attempt, 'latency'))
  let bound = profile.rateLimited
  if (fate < bound) return { kind: 'refuse', delayMs: 0, retryAfterMs: profile.retryAfterMs }
  bound += profile.failing
  if (fate < bound) return { kind: 'fail', delayMs: delayMs / 2, status: pick([500, 502, 503], detail) }
  bound += profile.hanging
  if (fate < bound) return { kind: 'answer', delayMs: profile.hangMs }
  bound += profile.malformed
  if (fate < bound) return { kind: 'malform', delayMs, form: pick(['cut', 'html', 'empty'], detail) }
  return { kind: 'answer', delayMs }
}

function latencyOf(latency: Latency, drawn: readonly [number, number]): number {
  if (latency.kind === 'fixed') return latency.ms
  return latency.medianMs * Math.exp(latency.sigma * normal(drawn))
}

function pick<T>(from: readonly [T, T, T], share: number): T {
  return from[Math.min(2, Math.floor(share * 3))] ?? from[0]
}
