/** What a trial is, and what it came to. */
import type { Verdict } from '../faults/rig.ts'

export interface Outcome {
  readonly figures: object
  /** Bounds that were not kept, each as a sentence; empty when the promise holds. */
  readonly complaints: readonly string[]
}

export interface Trial {
  /** Variants; each is run and judged by itself. */
  readonly forms: readonly string[]
  run(form: string): Promise<Outcome>
}

/** Gathers what a trial has to complain about. */
export class Complaints {
  readonly list: string[] = []

  unless(holds: boolean, complaint: string): void {
    if (!holds) this.list.push(complaint)
  }

  atMost(what: string, measured: number, max: number): void {
    this.unless(measured <= max, `${what}: ${measured}, at most ${max}`)
  }
}

const SHOWN_MAX = 5

/** Exactly one answer for each question, and the state of one process in order. */
export function complainOf({ outcomes, differences }: Verdict, complaints: Complaints): void {
  const { lost, doubled } = outcomes
  complaints.unless(lost.length === 0, `${lost.length} lost: ${lost.slice(0, SHOWN_MAX)}`)
  complaints.unless(doubled.length === 0, `${doubled.length} doubled: ${doubled.slice(0, SHOWN_MAX)}`)
  for (const each of differences.slice(0, SHOWN_MAX)) complaints.list.push(each)
}
