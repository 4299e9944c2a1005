/** Draws inputs: keys of unequal weight, each in the partition that its key belongs to, at random times. */
import type { Codec } from '#engine/core/codec.ts'
import { partitionOf } from '#engine/runtime/partitioning.ts'
import type { Random } from '../seeded-random.ts'
import type { Input, Shape } from './scenario.ts'

export interface InputOptions<T> {
  readonly topic: string
  readonly codec: Codec<T>
  readonly keys: number
  /** The value of the record with this number. */
  readonly value: (index: number, key: string) => T
}

export function drawInputs<T>(random: Random, shape: Shape, options: InputOptions<T>): readonly Input[] {
  const { topic, codec, keys, value } = options
  return Array.from({ length: shape.records }, (_, index) => {
    // Squared, so that some keys are hot: their lanes fill up.
    const key = `key-${Math.floor(random() ** 2 * keys)}`
    const place = { topic, partition: partitionOf(Buffer.from(key), shape.partitions) }
    return { atMs: random() * shape.spreadMs, place, key, value: codec.encode(value(index, key)) }
  })
}
