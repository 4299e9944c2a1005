/** All scenarios, in the order in which they are played. */

import type { Findings, Place } from './scenario.ts'
import { endToEnd } from './scenarios/end-to-end.ts'
import { hangs } from './scenarios/hangs.ts'
import { kills } from './scenarios/kills.ts'
import { outage } from './scenarios/outage.ts'
import { overhead } from './scenarios/overhead.ts'
import { sustained } from './scenarios/sustained.ts'

interface Playable {
  readonly name: string
  readonly summary: string
  readonly full: object
  // A method, so that a scenario of a size of its own fits: it is given its full size, changed in parts.
  run(size: object, place: Place): Promise<Findings>
}

export const SCENARIOS: readonly Playable[] = [endToEnd, kills, overhead, sustained, hangs, outage]
