/** The checksum of record batches, against the published check value and a plain bit-by-bit computation. */
import { expect, it } from 'vitest'
import { crc32c } from '#engine/log/kafka/crc32c.ts'

it('has the check value of the algorithm', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array())).toBe(0)
})

it('agrees with the definition at every length and alignment', () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, index) => (index * 37) ^ (index << 3))
  for (let start = 0; start < 9; start++)
    for (let end = start; end <= bytes.length; end++) {
      expect(crc32c(bytes, start, end)).toBe(bitByBit(bytes.subarray(start, end)))
      expect(crc32c(bytes.subarray(start, end))).toBe(bitByBit(bytes.subarray(start, end)))
    }
})

function bitByBit(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}
