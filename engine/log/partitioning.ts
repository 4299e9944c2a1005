/** Which partition a key belongs to: the same as Kafka's own Java clients choose, so that topics of both co-partition. */

const SEED = 0x9747b28c | 0
const MULTIPLIER = 0x5bd1e995

/**
 * MurmurHash2, 32 bit (Austin Appleby, public domain), with the seed of `org.apache.kafka.common.utils.Utils.murmur2`.
 * A signed 32-bit integer.
 */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  const wordsEnd = length & ~3
  let hash = SEED ^ length
  for (let i = 0; i < wordsEnd; i += 4) {
    const word =
      byte(bytes, i) | (byte(bytes, i + 1) << 8) | (byte(bytes, i + 2) << 16) | (byte(bytes, i + 3) << 24)
    const mixed = Math.imul(word, MULTIPLIER)
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(mixed ^ (mixed >>> 24), MULTIPLIER)
  }
  if (wordsEnd < length) {
    for (let i = length - 1; i >= wordsEnd; i--) hash ^= byte(bytes, i) << ((i - wordsEnd) * 8)
    hash = Math.imul(hash, MULTIPLIER)
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

/** `toPositive(murmur2(key)) % partitions`: Kafka clears the sign bit, it does not take the absolute value. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}
