/** One row of the table of faults. */
import type { Random } from '../../seeded-random.ts'
import type { Fleet } from '../fleet.ts'
import type { PodProcess } from '../pod-process.ts'

export interface FaultKind {
  readonly name: string
  /** Where it comes from: a rule of the design, a bug that others had, an interleaving of ownership. */
  readonly source: string
  /** How often it is drawn, against the others; 1 when left out. */
  readonly weight?: number
  /** Lets it happen; says to whom in a few words, or nothing when there was nobody to hit. */
  apply(fleet: Fleet, random: Random): string | undefined
}

/** What is armed and has hit nobody by then is forgotten, so that its trace says when it can have happened. */
export const ARMED_MS = 3_000

/** A running pod, drawn at random. */
export function pickPod(fleet: Fleet, random: Random): PodProcess | undefined {
  const { live } = fleet
  return live[Math.floor(random() * live.length)]
}

export function between(random: Random, min: number, max: number): number {
  return Math.round(min + random() * (max - min))
}
