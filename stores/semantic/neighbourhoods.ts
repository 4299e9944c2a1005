/**
 * The entries of the index in memory. Questions of one organisation, task type and prompt version are neighbours, and no
 * search leaves its neighbourhood. An entry lives for its time; where there are too many, the oldest goes first.
 */
import type { Entry } from './entry.ts'
import { VectorIndex } from './vector-index.ts'

/** How long entries live, in milliseconds, and how many there may be. */
export interface NeighbourhoodLimits {
  readonly ttlMs: number
  /** Of all neighbourhoods together. */
  readonly entriesMax: number
}

interface Placed {
  readonly entry: Entry
  readonly number: bigint
  readonly vectors: VectorIndex
}

/** The nearest entry, with its similarity from 0 to 1. */
export interface Found {
  readonly similarity: number
  readonly entry: Entry
}

/** Finds the nearest entry of a neighbourhood; see the head of this file. */
export class Neighbourhoods {
  readonly #limits: NeighbourhoodLimits
  readonly #vectors = new Map<string, VectorIndex>()
  /** By the key of the record, the oldest first. */
  readonly #placed = new Map<string, Placed>()
  readonly #keys = new Map<bigint, string>()
  #number = 0n

  constructor(limits: NeighbourhoodLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#placed.size
  }

  put(key: string, entry: Entry): void {
    this.delete(key)
    const place = placeOf(entry.answer.organization, entry.answer.taskType, entry.answer.promptVersion)
    const vectors = this.#vectors.get(place) ?? new VectorIndex(entry.vector.length)
    this.#vectors.set(place, vectors)
    this.#number += 1n
    vectors.put(this.#number, entry.vector)
    this.#placed.set(key, { entry, number: this.#number, vectors })
    this.#keys.set(this.#number, key)
    const [oldest] = this.#placed.keys()
    if (this.size > this.#limits.entriesMax && oldest !== undefined) this.delete(oldest)
  }

  delete(key: string): void {
    const placed = this.#placed.get(key)
    if (!placed) return
    placed.vectors.delete(placed.number)
    this.#placed.delete(key)
    this.#keys.delete(placed.number)
  }

  /** The nearest entry that is still alive; those that are not are removed on the way. */
  nearest(
    organization: string,
    taskType: string,
    promptVersion: string,
    vector: Float32Array,
    now: number,
  ): Found | undefined {
    const vectors = this.#vectors.get(placeOf(organization, taskType, promptVersion))
    for (let found = vectors?.nearest(vector); found; found = vectors?.nearest(vector)) {
      const key = this.#keys.get(found.key)
      const placed = key === undefined ? undefined : this.#placed.get(key)
      if (key === undefined || !placed) return undefined
      if (now - placed.entry.answer.deliveredAt < this.#limits.ttlMs)
        return { similarity: found.similarity, entry: placed.entry }
      this.delete(key)
    }
    return undefined
  }
}

/** Unambiguous, whatever the names hold. */
const placeOf = (...names: readonly string[]): string => JSON.stringify(names)
