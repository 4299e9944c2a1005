/** One row of the table of faults. */
import type { Random } from '../seeded-random.ts'
import type { Fleet } from './fleet.ts'
import type { PodProcess } from './pod-process.ts'

export interface FaultKind {
  readonly name: string
  /** Why the table has this fault: a promise of the engine, a bug of another system, an interleaving of ownership. */
  readonly source: string
  /** How often the fault is drawn, relative to the others. Left out: 1. */
  readonly weight?: number
  /** Makes the fault happen. Returns what it hit, in a few words, or `undefined` if there was nothing to hit. */
  apply(fleet: Fleet, random: Random): string | undefined
}

/** An armed fault that has hit nothing by then is dropped, so that the trace says when it can have happened. */
export const ARMED_MS = 3_000

/** A running pod, drawn at random. */
export function pickPod(fleet: Fleet, random: Random): PodProcess | undefined {
  const { live } = fleet
  return live[Math.floor(random() * live.length)]
}

export function between(random: Random, min: number, max: number): number {
  return Math.round(min + random() * (max - min))
}
