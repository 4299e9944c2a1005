/** Keys go to the partitions that Kafka's Java clients choose. */
import { describe, expect, it } from 'vitest'
import { murmur2, partitionOf } from '#engine/log/partitioning.ts'

/** From Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2. */
const KAFKA_UTILS_TEST = {
  '21': -973932308,
  foobar: -790332482,
  'a-little-bit-long-string': -985981536,
  'a-little-bit-longer-string': -1486304829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
  abc: 479470107,
}

/** From librdkafka, src/rdmurmur2.c, unittest_murmur2, whose values were made with the Java client. */
const LIBRDKAFKA_TEST: readonly (readonly [string, number])[] = [
  ['kafka', 0xd067cf64],
  ['giberish123456789', 0x8f552b0c],
  ['1234', 0x9fc97b14],
  ['234', 0xe7c009ca],
  ['34', 0x873930da],
  ['4', 0x5a4b5ca1],
  ['PreAmbleWillBeRemoved,ThePrePartThatIs', 0x78424f1c],
  ['reAmbleWillBeRemoved,ThePrePartThatIs', 0x4a62b377],
  ['eAmbleWillBeRemoved,ThePrePartThatIs', 0xe0e4e09e],
  ['AmbleWillBeRemoved,ThePrePartThatIs', 0x62b8b43f],
  ['', 0x106e08d9],
]

describe('murmur2', () => {
  it.each(Object.entries(KAFKA_UTILS_TEST))('murmur2 of %s is as in Kafka', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash)
  })

  it.each(LIBRDKAFKA_TEST)('murmur2 of "%s" is as in librdkafka', (key, hash) => {
    expect(murmur2(Buffer.from(key)) >>> 0).toBe(hash)
  })

  it('murmur2 reads bytes above 127 as unsigned and honours the view of a larger buffer', () => {
    const whole = Buffer.from('..clé, ключ, 鍵, 🗝..')
    const view = whole.subarray(2, whole.length - 2)
    expect(murmur2(view)).toBe(murmur2(Uint8Array.from(view)))
    expect(new Set([0x7f, 0x80, 0xff].map(value => murmur2(Uint8Array.of(value)))).size).toBe(3)
  })
})

describe('partitionOf', () => {
  it('clears the sign bit of negative hashes', () => {
    // -790332482 & 0x7fffffff = 1357151166
    expect(partitionOf(Buffer.from('foobar'), 10)).toBe(6)
    expect(partitionOf(Buffer.from('foobar'), 16)).toBe(1357151166 % 16)
    expect(partitionOf(Buffer.from('abc'), 8)).toBe(479470107 % 8)
  })

  it('partitionOf spreads keys over all partitions', () => {
    const counts = new Array<number>(12).fill(0)
    for (let i = 0; i < 12_000; i++) {
      const partition = partitionOf(Buffer.from(`user-${i}`), 12)
      counts[partition] = (counts[partition] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1_150)
  })
})
