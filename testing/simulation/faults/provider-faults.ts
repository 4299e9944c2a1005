/** Faults of the model that the pods pay. */
import { PROVIDER } from '../evidence.ts'
import { between, type FaultKind } from '../fault-kind.ts'
import type { Mood } from '../model-server.ts'
import { GOOD_MOOD } from '../model-server.ts'

export const PROVIDER_FAULTS: readonly FaultKind[] = [
  mood('provider errors', 'provider errors at any await, and their retries', { failed: 0.4 }),
  mood('provider hangs', 'a provider hangs: a time-out races a retry', { hanging: 0.3 }),
  mood('provider is slow', 'answers near the time-out, after which they are lost', { slowness: 7 }),
]

function mood(name: string, source: string, change: Partial<Mood>): FaultKind {
  return {
    name,
    source,
    apply(fleet, random) {
      const durationMs = between(random, 300, 3_000)
      fleet.disturb(PROVIDER, durationMs)
      fleet.model.mood = { ...fleet.model.mood, ...change }
      fleet.later(durationMs, () => {
        fleet.model.mood = GOOD_MOOD
      })
      return `for ${durationMs} ms`
    },
  }
}
