/** A codec for topics that people type into: JSON is taken beside Avro. */
import { asText } from '#core/codec.ts'
import type { SchemaCodec } from './schema-codec.ts'
import { MAGIC } from './wire-format.ts'

/** What JSON of an object or list may begin with. */
const JSON_STARTS = new Set(Buffer.from('{[ \t\r\n'))

/**
 * Reads by the first byte: zero is Avro, a brace, bracket or white space is JSON, anything else is refused. JSON is held
 * to the same schema as Avro, where the codec has one: defaults are filled in, unknown fields dropped. Writes Avro, or
 * JSON where the codec has no schema.
 */
export function jsonOrAvro<T>(codec: SchemaCodec<T>): SchemaCodec<T> {
  const { name, schema } = codec
  return {
    name: `${name} or JSON`,
    schema,
    encode: value => (schema ? codec.encode(value) : Buffer.from(JSON.stringify(value))),
    decode(bytes) {
      const [first] = bytes
      if (first === MAGIC) return codec.decode(bytes)
      if (first === undefined || !JSON_STARTS.has(first)) {
        throw new TypeError(
          `it begins with ${first === undefined ? 'nothing' : `byte ${first}`}: neither Avro nor JSON`,
        )
      }
      const value: T = JSON.parse(asText(bytes))
      return schema ? codec.decode(codec.encode(value)) : value
    },
    bound: binding => jsonOrAvro(codec.bound(binding)),
  }
}
