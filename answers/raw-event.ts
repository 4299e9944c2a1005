/** What arrives in `datos_crudos`: JSON as people type it, or Avro of whatever schema its writer chose. */
import { asShown, asText } from '#core/codec.ts'
import { reasonOf } from '#core/errors.ts'
import { anyAvro } from '#schemas/avro/any-avro.ts'
import type { SchemaCodec } from '#schemas/avro/schema-codec.ts'
import { MAGIC } from '#schemas/avro/wire-format.ts'

const INPUT_CHARACTERS_MAX = 1_000

/** An event of any shape, or text that is not even JSON, of which the beginning is kept. */
export type RawEvent = { readonly event: unknown } | { readonly fault: string; readonly input: string }

/**
 * A first byte of zero is Avro; what then cannot be read becomes a dead letter, for a program wrote it. Anything else is
 * JSON; what then cannot be read becomes a value with its fault, for a person typed it and is told.
 */
export const RawEventCodec: SchemaCodec<RawEvent> = rawEvents(anyAvro('raw event'))

function rawEvents(avro: SchemaCodec<unknown>): SchemaCodec<RawEvent> {
  return {
    name: avro.name,
    schema: undefined,
    encode: value => Buffer.from('event' in value ? JSON.stringify(value.event) : value.input),
    decode: bytes => (bytes[0] === MAGIC ? { event: avro.decode(bytes) } : read(bytes)),
    bound: binding => rawEvents(avro.bound(binding)),
  }
}

function read(bytes: Uint8Array): RawEvent {
  try {
    return { event: JSON.parse(asText(bytes)) }
  } catch (error) {
    return {
      fault: `the event is not JSON: ${reasonOf(error)}`,
      input: asShown(bytes).slice(0, INPUT_CHARACTERS_MAX),
    }
  }
}

/** The beginning of an event as text, for people to recognise it. */
export function excerptOf(raw: RawEvent): string {
  return 'event' in raw ? (JSON.stringify(raw.event) ?? '').slice(0, INPUT_CHARACTERS_MAX) : raw.input
}
