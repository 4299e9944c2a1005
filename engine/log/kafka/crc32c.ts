/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), the checksum of Kafka's record batches.
 *
 * Eight bytes a step: table k holds the effect of a byte that is followed by k zero bytes. So the effects of eight
 * neighbours are looked up independently and combined.
 */

const POLYNOMIAL = 0x82f63b78
const SLICES = 8
const TABLE = makeTable()

export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const table = TABLE
  let crc = -1
  let at = start
  // Indices into the table stay inside by construction; the fallbacks satisfy the type checker and are never taken.
  for (const last = end - 8; at <= last; at += 8) {
    const low = crc ^ view.getInt32(at, true)
    const high = view.getInt32(at + 4, true)
    crc =
      (table[1792 | (low & 255)] ?? 0) ^
      (table[1536 | ((low >>> 8) & 255)] ?? 0) ^
      (table[1280 | ((low >>> 16) & 255)] ?? 0) ^
      (table[1024 | (low >>> 24)] ?? 0) ^
      (table[768 | (high & 255)] ?? 0) ^
      (table[512 | ((high >>> 8) & 255)] ?? 0) ^
      (table[256 | ((high >>> 16) & 255)] ?? 0) ^
      (table[high >>> 24] ?? 0)
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (table[(crc ^ view.getUint8(at)) & 255] ?? 0)
  return ~crc >>> 0
}

function makeTable(): Int32Array {
  const table = new Int32Array(256 * SLICES)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    table[byte] = crc
  }
  for (let place = 256; place < table.length; place++) {
    const before = table[place - 256] ?? 0
    table[place] = (before >>> 8) ^ (table[before & 255] ?? 0)
  }
  return table
}
