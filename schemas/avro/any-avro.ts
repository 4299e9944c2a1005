/** Avro of whatever schema its writer chose, for topics that many write to. */
import { onlyReads } from '#core/codec.ts'
import type { Decode } from './avro-type.ts'
import type { Binding, SchemaCodec } from './schema-codec.ts'
import { asBuffer, schemaIdOf } from './wire-format.ts'
import { NO_WRITERS, type Writers } from './writers.ts'

/** Values have the shape of the schema that they were written with. Only reads. */
export function anyAvro(name: string): SchemaCodec<unknown> {
  return onlyReads(new AnyAvro(name, NO_WRITERS))
}

class AnyAvro implements SchemaCodec<unknown> {
  readonly name: string
  readonly schema = undefined
  readonly #writers: Writers
  readonly #decoders = new Map<number, Decode>()

  constructor(name: string, writers: Writers) {
    this.name = name
    this.#writers = writers
  }

  encode(): Uint8Array {
    throw new TypeError(`${this.name} has no schema of its own to write with`)
  }

  decode(bytes: Uint8Array): unknown {
    const message = asBuffer(bytes)
    const id = schemaIdOf(message)
    const decode = this.#decoders.get(id) ?? this.#makeDecoder(id)
    return decode(message)
  }

  bound({ writers }: Binding): SchemaCodec<unknown> {
    return onlyReads(new AnyAvro(this.name, writers))
  }

  #makeDecoder(id: number): Decode {
    const writer = this.#writers.typeOf(id, this.name)
    const decode = writer.decoderOf(writer)
    this.#decoders.set(id, decode)
    return decode
  }
}
