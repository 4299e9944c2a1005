/** What arrives in `datos_crudos`: JSON as people type it, or Avro of whatever schema its writer chose. */
import { asShown, asText } from '#core/codec.ts'
import { beginning } from '#core/cut.ts'
import { reasonOf } from '#core/errors.ts'
import { anyAvro } from '#schemas/avro/any-avro.ts'
import type { SchemaCodec } from '#schemas/avro/schema-codec.ts'
import { MAGIC } from '#schemas/avro/wire-format.ts'
import { shownAsJson } from './fields.ts'

const INPUT_CHARACTERS_MAX = 1_000

/** An event of any shape, or text that is not even JSON, of which the beginning is kept. */
export type RawEvent = { readonly event: unknown } | { readonly fault: string; readonly input: string }

/**
 * A first byte of zero is Avro, written by a program: unreadable Avro becomes a dead letter. Anything else is JSON, perhaps
 * typed by a person: unreadable JSON becomes a value that carries its fault, and the person is answered.
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
      // It quotes the text, and may cut a character of it in two.
      fault: `the event is not JSON: ${reasonOf(error).toWellFormed()}`,
      input: beginning(asShown(bytes), INPUT_CHARACTERS_MAX),
    }
  }
}

/** The beginning of an event as text, for people to recognise it. */
export function excerptOf(raw: RawEvent): string {
  return 'event' in raw ? beginning(shownAsJson(raw.event), INPUT_CHARACTERS_MAX) : raw.input
}
