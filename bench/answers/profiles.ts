/** How the provider behaves in the scenarios. */
import type { Profile } from '#models/simulated/profile.ts'

/** A provider on an ordinary day. What hangs is given up by its caller first. */
export const ORDINARY: Partial<Profile> = {
  latency: { kind: 'lognormal', medianMs: 800, sigma: 0.4 },
  rateLimited: 0.05,
  failing: 0.03,
  hanging: 0.01,
  hangMs: 600_000,
}

export function fixed(ms: number): Partial<Profile> {
  return { latency: { kind: 'fixed', ms } }
}
