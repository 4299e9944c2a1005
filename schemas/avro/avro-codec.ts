/** The codec of Avro values in the Confluent wire format. */
import { keepsApart } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { AvroType, type Decode } from './avro-type.ts'
import type { Binding, SchemaCodec } from './schema-codec.ts'
import { asBuffer, schemaIdOf } from './wire-format.ts'
import { NO_WRITERS, type Writers } from './writers.ts'

/** Options of `avro`. */
export interface AvroOptions {
  /** Identity of the type; the schema's full name when left out, so a schema without a name needs one. */
  readonly name?: string
}

/**
 * Values of an Avro schema, given as the JSON of an .avsc file. The codec writes values with the id of this schema. It
 * reads values by the schema that they were written with, resolved to this one. Fields added later take their defaults,
 * and renamed fields are found by their aliases. A field that may be null is `undefined` where it is null.
 *
 * Until it is bound to a registry (`bindSchemas`) its id is the schema's fingerprint, and it reads what it wrote itself.
 *
 * ```ts
 * const Greeting = avro<{ text: string }>('{"type":"record","name":"Greeting","fields":[{"name":"text","type":"string"}]}')
 * ```
 */
export function avro<T>(schema: string, options: AvroOptions = {}): SchemaCodec<T> {
  const type = new AvroType(schema)
  return keepsApart(new AvroCodec<T>(options.name ?? type.name, type, type.fingerprint, NO_WRITERS))
}

/** Decoding looks the writer's id up in a map; making a decoder takes as long as using it forty times. */
class AvroCodec<T> implements SchemaCodec<T> {
  readonly name: string
  readonly schema: AvroType
  readonly #id: number | undefined
  readonly #writers: Writers
  readonly #decoders = new Map<number, Decode>()

  constructor(name: string, schema: AvroType, id: number | undefined, writers: Writers) {
    this.name = name
    this.schema = schema
    this.#id = id
    this.#writers = writers
  }

  encode(value: T): Uint8Array {
    if (this.#id === undefined) throw new TypeError(`${this.name} is read here, never written: it has no id`)
    return this.schema.encode(this.#id, value)
  }

  decode(bytes: Uint8Array): T {
    const message = asBuffer(bytes)
    const id = schemaIdOf(message)
    const decode = this.#decoders.get(id) ?? this.#makeDecoder(id)
    try {
      return decode(message) as T // The value is as the schema says; the caller who gave T and the schema ensures that both agree.
    } catch (error) {
      throw new TypeError(`schema ${id}: ${reasonOf(error)}`, { cause: error })
    }
  }

  bound({ idOf, writers }: Binding): SchemaCodec<T> {
    return keepsApart(new AvroCodec<T>(this.name, this.schema, idOf(this.schema), writers))
  }

  #makeDecoder(id: number): Decode {
    const isOwn = id === this.#id || id === this.schema.fingerprint
    const writer = isOwn ? this.schema : this.#writers.typeOf(id, this.name)
    try {
      const decode = this.schema.decoderOf(writer)
      this.#decoders.set(id, decode)
      return decode
    } catch (error) {
      const details = { id, writer: writer.name, codec: this.name, reason: reasonOf(error) }
      throw new CaudalError('SCHEMA_MISMATCH', details, error)
    }
  }
}
