/** The Confluent wire format: a zero byte, the schema's id in four bytes, then the Avro body without any header. */

export const MAGIC = 0
export const HEAD_BYTES = 5

/** The id of the schema that the body was written with; throws a TypeError where the bytes are not of this format. */
export function schemaIdOf(bytes: Buffer): number {
  if (bytes[0] !== MAGIC) {
    const found = bytes[0] === undefined ? 'is empty' : `begins with byte ${bytes[0]}`
    throw new TypeError(`it ${found}; Avro in the Confluent wire format begins with byte 0`)
  }
  if (bytes.length < HEAD_BYTES) {
    throw new TypeError(`it has ${bytes.length} bytes; zero byte and schema id alone are ${HEAD_BYTES}`)
  }
  return bytes.readUInt32BE(1)
}

/** The same memory with the methods of a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
