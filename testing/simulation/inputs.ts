/** Draws inputs: keys of unequal weight, each in the partition that its key belongs to, at random times. */
import type { Codec } from '#core/codec.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import type { Random } from '../seeded-random.ts'
import type { Input, Shape } from './scenario.ts'

export interface InputOptions<T> {
  readonly topic: string
  readonly codec: Codec<T>
  /** So many keys, drawn; or the key of the record with this number. */
  readonly keys?: number
  readonly key?: (index: number) => string
  /** The value of the record with this number. */
  readonly value: (index: number, key: string) => T
}

export function drawInputs<T>(random: Random, shape: Shape, options: InputOptions<T>): readonly Input[] {
  const { topic, codec, keys = 1, value } = options
  // Squared, so that some keys are hot: their lanes fill up.
  const keyOf = options.key ?? (() => `key-${Math.floor(random() ** 2 * keys)}`)
  return Array.from({ length: shape.records }, (_, index) => {
    const key = keyOf(index)
    const place = { topic, partition: partitionOf(Buffer.from(key), shape.partitions) }
    return { atMs: random() * shape.spreadMs, place, key, value: codec.encode(value(index, key)) }
  })
}
