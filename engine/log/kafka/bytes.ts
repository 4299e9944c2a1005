/** Writing and reading the primitive types of the Kafka protocol: big-endian integers, strings, and zigzag varints. */

const TWO_32 = 0x1_0000_0000
/** Seven bytes of a varint fit into a number exactly, more may not. */
const EXACT_SCALES = 128 ** 7

export class ByteWriter {
  buffer: Buffer
  length = 0

  constructor(sizeBytes: number) {
    this.buffer = Buffer.allocUnsafe(Math.max(sizeBytes, 64))
  }

  /** What has been written; valid until the next write. */
  written(): Buffer {
    return this.buffer.subarray(0, this.length)
  }

  /** Makes room for so many more bytes. */
  reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes))
    this.buffer.copy(grown, 0, 0, this.length)
    this.buffer = grown
  }

  int8(value: number): void {
    this.reserve(1)
    this.length = this.buffer.writeInt8(value, this.length)
  }

  int16(value: number): void {
    this.reserve(2)
    this.length = this.buffer.writeInt16BE(value, this.length)
  }

  int32(value: number): void {
    this.reserve(4)
    this.length = this.buffer.writeInt32BE(value, this.length)
  }

  int64(value: number | bigint): void {
    this.reserve(8)
    this.length = this.buffer.writeBigInt64BE(BigInt(value), this.length)
  }

  /** Leaves room for a number that is known later. */
  placeholder(bytes: number): number {
    this.reserve(bytes)
    const at = this.length
    this.length += bytes
    return at
  }

  string(text: string | null): void {
    if (text === null) return this.int16(-1)
    const size = Buffer.byteLength(text)
    this.int16(size)
    this.text(text, size)
  }

  /** Characters without their length. */
  text(text: string, bytes: number): void {
    this.reserve(bytes)
    this.buffer.write(text, this.length, bytes, 'utf8')
    this.length += bytes
  }

  /** An unsigned integer: small ones in few bytes. */
  uvarint(value: number): void {
    this.reserve(5)
    let rest = value
    while (rest > 0x7f) {
      this.buffer[this.length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.buffer[this.length++] = rest
  }

  /** Begins an array, bytes or text of a flexible version; -1 is null. */
  compactLength(count: number): void {
    this.uvarint(count + 1)
  }

  compactString(text: string): void {
    const size = Buffer.byteLength(text)
    this.compactLength(size)
    this.text(text, size)
  }

  uuid(id: string): void {
    this.bytes(Buffer.from(id, 'base64url'))
  }

  /** Ends a structure of a flexible version, without any tagged field. */
  tags(): void {
    this.uvarint(0)
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
  }

  /** A 32-bit integer: small magnitudes in few bytes. */
  varint(value: number): void {
    this.reserve(5)
    const { buffer } = this
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    while (rest > 0x7f) {
      buffer[this.length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    buffer[this.length++] = rest
  }

  /** An integer as large as a number holds exactly. */
  varlong(value: number): void {
    if (value >= -0x4000_0000 && value < 0x4000_0000) return this.varint(value)
    this.reserve(10)
    let rest = value >= 0 ? BigInt(value) * 2n : BigInt(value) * -2n - 1n
    while (rest > 0x7fn) {
      this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.buffer[this.length++] = Number(rest)
  }
}

/** How many bytes `varint` takes. */
export function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  return zigzag < 0x80 ? 1 : Math.ceil((32 - Math.clz32(zigzag)) / 7)
}

/** How many bytes `varlong` takes. */
export function varlongBytes(value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return varintBytes(value)
  let bytes = 1
  for (let rest = (value >= 0 ? value : -value - 1) * 2; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

export class ByteReader {
  readonly buffer: Buffer
  at: number

  constructor(buffer: Buffer, at = 0) {
    this.buffer = buffer
    this.at = at
  }

  int8(): number {
    const value = this.buffer.readInt8(this.at)
    this.at += 1
    return value
  }

  int16(): number {
    const value = this.buffer.readInt16BE(this.at)
    this.at += 2
    return value
  }

  int32(): number {
    const value = this.buffer.readInt32BE(this.at)
    this.at += 4
    return value
  }

  /** Exact up to 2^53, which offsets and times do not reach. */
  int64(): number {
    const value = this.buffer.readInt32BE(this.at) * TWO_32 + this.buffer.readUInt32BE(this.at + 4)
    this.at += 8
    return value
  }

  string(): string | null {
    const size = this.int16()
    if (size < 0) return null
    const text = this.buffer.toString('utf8', this.at, this.at + size)
    this.at += size
    return text
  }

  array<Item>(item: () => Item): Item[] {
    const count = this.int32()
    const items: Item[] = []
    for (let index = 0; index < count; index++) items.push(item())
    return items
  }

  uvarint(): number {
    const { buffer } = this
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = buffer[this.at++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }

  /** How much follows in a flexible version; -1 is null. */
  compactLength(): number {
    return this.uvarint() - 1
  }

  compactString(): string | null {
    const size = this.compactLength()
    if (size < 0) return null
    const text = this.buffer.toString('utf8', this.at, this.at + size)
    this.at += size
    return text
  }

  compactArray<Item>(item: () => Item): Item[] {
    const items: Item[] = []
    for (let count = this.compactLength(); count > 0; count--) items.push(item())
    return items
  }

  /** In the notation of Kafka's own tools. */
  uuid(): string {
    return this.view(16).toString('base64url')
  }

  /** Passes over the tagged fields that end a structure of a flexible version. */
  tags(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint()
      const size = this.uvarint()
      this.at += size
    }
  }

  /** The next bytes, not copied. */
  view(bytes: number): Buffer {
    const view = this.buffer.subarray(this.at, this.at + bytes)
    this.at += bytes
    return view
  }

  varint(): number {
    const { buffer } = this
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = buffer[this.at++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
  }

  varlong(): number {
    const { buffer } = this
    const begun = this.at
    let value = 0
    for (let scale = 1; scale < EXACT_SCALES; scale *= 128) {
      const byte = buffer[this.at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    return this.#longest(begun)
  }

  /** Twice the number does not fit into one exactly. */
  #longest(begun: number): number {
    this.at = begun
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.buffer[this.at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number((value >> 1n) ^ -(value & 1n))
    }
  }
}
