/** The positions that a task's checkpoint carries: of the sources that it reads, and of those that another version of the graph reads. */
import { partitionKey } from '#core/record.ts'
import { type Checkpoint, decodeCheckpoint } from '#engine/commit/checkpoint.ts'
import type { SourceIntake } from '#engine/record/source-intake.ts'

export class SourcePositions {
  readonly #intakes: readonly SourceIntake[]
  /** Kept as they are: a version that reads these sources goes on from there. */
  readonly #elsewhere: Checkpoint['sources']

  constructor(stored: Uint8Array | undefined, task: string, intakes: readonly SourceIntake[]) {
    const read = new Set(intakes.map(partitionKey))
    const all = stored ? Object.entries(decodeCheckpoint(stored, task).sources) : []
    this.#intakes = intakes
    this.#elsewhere = Object.fromEntries(all.filter(([place]) => !read.has(place)))
  }

  get reached(): Checkpoint['sources'] {
    const read = this.#intakes.map(intake => [partitionKey(intake), intake.reached] as const)
    return { ...this.#elsewhere, ...Object.fromEntries(read) }
  }
}
