/**
 * Nearest neighbours among vectors: an HNSW graph by usearch, whose only importer this file is. Components are kept in
 * eight bits. The library refuses a key that it knows, so that a key is removed before it is added again.
 */
import { Index, MetricKind, ScalarKind } from 'usearch'

/** A vector that was found, by its key. */
export interface Neighbour {
  readonly key: bigint
  /** 1 - cosine distance / 2. */
  readonly similarity: number
}

/** The calls run on the event loop; more threads would cost more than one search does. */
const THREADS = 1

/** Vectors of one length, found by their cosine. */
export class VectorIndex {
  readonly #index: Index

  constructor(dimensions: number) {
    this.#index = new Index({
      dimensions,
      metric: MetricKind.Cos,
      quantization: ScalarKind.I8,
      connectivity: 16,
      expansion_add: 128,
      expansion_search: 64,
      multi: false,
    })
  }

  get size(): number {
    return this.#index.size()
  }

  put(key: bigint, vector: Float32Array): void {
    this.delete(key)
    this.#index.add(key, vector, THREADS)
  }

  delete(key: bigint): void {
    if (this.#index.contains(key) === true) this.#index.remove(key)
  }

  nearest(vector: Float32Array): Neighbour | undefined {
    if (this.size === 0) return undefined
    const { keys, distances } = this.#index.search(vector, 1, THREADS)
    const [key, distance] = [keys[0], distances[0]]
    return key === undefined || distance === undefined ? undefined : { key, similarity: 1 - distance / 2 }
  }
}
