/** Codecs that write or read by schemas, and how they come to know a registry. */
import type { Codec } from '#core/codec.ts'
import type { AvroType } from './avro-type.ts'
import type { Writers } from './writers.ts'

/** A codec with a schema. Made by `avro`; `bindSchemas` gives it the ids of a registry. */
export interface SchemaCodec<T> extends Codec<T> {
  /** The schema that it writes with; `undefined` for a codec that only reads. */
  readonly schema: AvroType | undefined
  /** The same codec with ids and schemas of a registry. */
  bound(binding: Binding): SchemaCodec<T>
}

/** What a registry means to the codecs of one pod. */
export interface Binding {
  /** The id to write with; `undefined` where the schema was not registered. */
  idOf(schema: AvroType): number | undefined
  readonly writers: Writers
}

export function isSchemaCodec(codec: Codec<unknown>): codec is SchemaCodec<unknown> {
  return 'bound' in codec && typeof codec.bound === 'function'
}
