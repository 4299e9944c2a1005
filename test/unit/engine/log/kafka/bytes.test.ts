/** The primitive types of the protocol, written and read back. The sizes computed before are the sizes written. */
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter, varintBytes, varlongBytes } from '#engine/log/kafka/bytes.ts'

const SMALL = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8192, 1_000_000, 2 ** 30 - 1, -(2 ** 30)]
const LARGE = [
  ...SMALL,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 40 + 1,
  -(2 ** 40),
  2 ** 52,
  1_700_000_000_123,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
]

describe('varints', () => {
  it.each([...SMALL, 2 ** 31 - 1, -(2 ** 31)])('a varint keeps %d', value => {
    const writer = new ByteWriter(1)
    writer.varint(value)
    expect(writer.length).toBe(varintBytes(value))
    expect(new ByteReader(writer.written()).varint()).toBe(value)
  })

  it.each(LARGE)('a varint keeps %d as a long one', value => {
    const writer = new ByteWriter(1)
    writer.varlong(value)
    expect(writer.length).toBe(varlongBytes(value))
    expect(new ByteReader(writer.written()).varlong()).toBe(value)
  })

  it('varints are zigzag: small magnitudes take one byte', () => {
    const writer = new ByteWriter(1)
    for (const value of [0, -1, 1, -2, 2]) writer.varint(value)
    expect([...writer.written()]).toEqual([0, 1, 2, 3, 4])
  })
})

describe('fixed types', () => {
  it('fixed types come back as they were written, past the first size of the buffer', () => {
    const writer = new ByteWriter(1)
    for (let turn = 0; turn < 50; turn++) {
      writer.int8(-turn)
      writer.int16(-300)
      writer.int32(2_000_000_000)
      writer.int64(2 ** 52 + turn)
      writer.string('ñandú')
      writer.string(null)
      writer.bytes(Buffer.from([1, 2, 3]))
    }
    const reader = new ByteReader(writer.written())
    for (let turn = 0; turn < 50; turn++) {
      expect([reader.int8(), reader.int16(), reader.int32(), reader.int64()]).toEqual([
        0 - turn,
        -300,
        2_000_000_000,
        2 ** 52 + turn,
      ])
      expect([reader.string(), reader.string()]).toEqual(['ñandú', null])
      expect([...reader.view(3)]).toEqual([1, 2, 3])
    }
    expect(reader.at).toBe(writer.length)
  })

  it('the reader reads negative 64-bit integers, and arrays with their count before them', () => {
    const writer = new ByteWriter(1)
    writer.int64(-2)
    writer.int32(2)
    writer.int8(7)
    writer.int8(8)
    const reader = new ByteReader(writer.written())
    expect(reader.int64()).toBe(-2)
    expect(reader.array(() => reader.int8())).toEqual([7, 8])
  })
})
