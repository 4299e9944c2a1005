/** The port of embedders: a text becomes a vector, and texts that say the same lie close together. */
import { CaudalError } from '#core/errors.ts'
import type { ModelCall } from './model.ts'

/** Turns texts into vectors of one length. Two vectors are close when their texts say nearly the same. */
export interface Embedder {
  /** Changes with whatever changes vectors. Vectors of two names are never compared. */
  readonly name: string
  readonly dimensions: number
  /** Rejects with a `ModelError`, with EMBEDDING_INVALID, or with the signal's reason. */
  embed(text: string, call: ModelCall): Promise<Float32Array>
}

/** Throws EMBEDDING_INVALID for what no index may hold: another length, a component that is no finite number, nothing but zeros. */
export function checkedVector(
  embedder: Pick<Embedder, 'name' | 'dimensions'>,
  components: ArrayLike<number>,
): Float32Array {
  const reason = faultOf(embedder.dimensions, components)
  if (reason !== undefined) throw new CaudalError('EMBEDDING_INVALID', { embedder: embedder.name, reason })
  return Float32Array.from(components)
}

function faultOf(dimensions: number, components: ArrayLike<number>): string | undefined {
  if (components.length !== dimensions)
    return `a vector of ${components.length} dimensions came instead of ${dimensions}`
  const all = Array.from(components)
  const at = all.findIndex(component => !Number.isFinite(Math.fround(component)))
  if (at >= 0) return `component ${at} is ${all[at]}, which is no number`
  return all.every(component => component === 0) ? 'all components are 0' : undefined
}
