/** Embeddings without a model: hashed word stems as a unit vector, so that texts sharing words lie close together. */
import { hash } from 'node:crypto'
import { contentStems } from '../words.ts'

export const DIMENSIONS = 256

/** The hashing trick (Weinberger et al., 2009): each stem adds or takes 1 at a place of its own; then length 1. */
export function embed(text: string, dimensions = DIMENSIONS): readonly number[] {
  const vector = new Array<number>(dimensions).fill(0)
  for (const stem of contentStems(text)) {
    const digest = hash('sha1', stem, 'buffer')
    const place = digest.readUInt32BE(0) % dimensions
    vector[place] = (vector[place] ?? 0) + (digest.readUInt8(4) % 2 === 0 ? 1 : -1)
  }
  const length = Math.hypot(...vector)
  return length === 0 ? vector : vector.map(component => component / length)
}
