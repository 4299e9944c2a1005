/** Draws the faults of a fleet: a number of faults of the given kinds, at random times, each by its weight. */

import { CaudalError } from '#core/errors.ts'
import type { Random } from '../seeded-random.ts'
import type { FaultKind } from './fault-kind.ts'
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

/** Makes one fault happen now. */
export function strike(fleet: Fleet, kind: FaultKind, random: Random): void {
  fleet.strikes++
  const what = kind.apply(fleet, random)
  fleet.note(`${kind.name}: ${what ?? 'nobody to hit'}`)
}

function draw(kinds: readonly FaultKind[], random: Random): FaultKind {
  const weights = kinds.map(({ weight }) => weight ?? 1)
  let at = random() * weights.reduce((sum, weight) => sum + weight, 0)
  for (const kind of kinds) {
    at -= kind.weight ?? 1
    if (at < 0) return kind
  }
  throw new CaudalError('INTERNAL', { reason: 'no kind of fault was given' })
}
