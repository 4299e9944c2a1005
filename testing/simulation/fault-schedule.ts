/** Draws what befalls a fleet: so many faults of the given kinds, at random times, each by its weight. */

import type { Random } from '../seeded-random.ts'
import type { FaultKind } from './faults/fault-kind.ts'
import type { Fleet } from './fleet.ts'

export function scheduleFaults(fleet: Fleet, kinds: readonly FaultKind[]): void {
  if (kinds.length === 0) return
  const { faults, spreadMs } = fleet.scenario.shape
  const random = fleet.randomFor('faults')
  for (let i = 0; i < faults; i++) {
    const kind = draw(kinds, random)
    fleet.system.after(random() * spreadMs, () => strike(fleet, kind, random))
  }
}

/** Lets one fault happen now. */
export function strike(fleet: Fleet, kind: FaultKind, random: Random): void {
  const what = kind.apply(fleet, random)
  fleet.note(`${kind.name}: ${what ?? 'nobody to hit'}`)
}

function draw(kinds: readonly FaultKind[], random: Random): FaultKind {
  const weights = kinds.map(({ weight }) => weight ?? 1)
  let at = random() * weights.reduce((sum, weight) => sum + weight, 0)
  const index = weights.findIndex(weight => (at -= weight) < 0)
  return kinds[index] ?? (kinds[0] as FaultKind) // There is at least one kind wherever one is drawn.
}
