/** Vectors of questions, kept in the cache: who asks the same again, or at the same time, buys no other embedding. */
import { hash } from 'node:crypto'
import type { Embedder } from '#models/embedder.ts'
import type { Computed } from '../computed.ts'
import type { Organization } from '../organization.ts'
import type { QuestionVectors } from './topic-index.ts'

/** Where vectors are kept, and for how long. */
export interface CachedVectorsOptions {
  readonly computed: Computed
  readonly embedder: Pick<Embedder, 'name' | 'dimensions'>
  readonly ttlMs: number
}

const COMPONENT_BYTES = Float32Array.BYTES_PER_ELEMENT

/** Apart for each organisation: none learns by the time of an answer what another has asked. */
export class CachedVectors implements QuestionVectors {
  readonly #options: CachedVectorsOptions

  constructor(options: CachedVectorsOptions) {
    this.#options = options
  }

  /** Rejects as `embed` does. */
  async of(
    organization: Organization,
    text: string,
    embed: () => Promise<Float32Array>,
  ): Promise<Float32Array> {
    const { computed, embedder, ttlMs } = this.#options
    const key = `v:${hash('sha256', JSON.stringify([embedder.name, organization, text]))}`
    const kept = await computed.getOrCompute(organization, key, ttlMs, async () => textOf(await embed()))
    // Whatever else stands there was written by another program.
    return vectorIn(kept, embedder.dimensions) ?? embed()
  }
}

const textOf = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

function vectorIn(text: string, dimensions: number): Float32Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== dimensions * COMPONENT_BYTES) return undefined
  return Float32Array.from({ length: dimensions }, (_, index) => bytes.readFloatLE(index * COMPONENT_BYTES))
}
