/** How values become bytes. A codec is a value: topics, state and steps carry one, and its name is its type's identity. */
import { isUtf8 } from 'node:buffer'
import { isSchema, type StandardSchema, validatorOf } from './standard-schema.ts'

/** A type of values, and how its values become bytes. A program may write its own. */
export interface Codec<T> {
  /** Identity of the type: two places are compatible when their codecs have the same name. */
  readonly name: string
  /** Throws any error when the value does not fit; the runtime reports it with node and topic. */
  encode(value: T): Uint8Array
  /**
   * Throws any error when the bytes are not of this type, or `unavailable` when it must fetch something first: the
   * record then runs again.
   */
  decode(bytes: Uint8Array): T
}

/** The type that a codec carries. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never

/** Codecs that keep no bytes that they were given, and return no bytes that they keep. */
const apart = new WeakSet<object>()

/**
 * Declares that no memory is shared between a codec's values and its bytes. Any other codec gets a copy of the engine's
 * bytes, and the engine copies the bytes that the codec returns. So an operator only changes memory of its own.
 */
export function keepsApart<C extends object>(codec: C): C {
  apart.add(codec)
  return codec
}

/** Codecs without a form to write. */
const unwritable = new WeakSet<object>()

/** Declares that a codec only reads, whatever its type says. */
export function onlyReads<C extends object>(codec: C): C {
  unwritable.add(codec)
  return codec
}

/**
 * A value as its reader gets it. It is encoded and decoded, so that writer and reader share no memory. The value of a
 * codec that only reads is cloned instead.
 */
export function passApart(writer: Codec<unknown>, reader: Codec<unknown>, value: unknown): unknown {
  return unwritable.has(writer) ? structuredClone(value) : decodeApart(reader, encodeApart(writer, value))
}

/** Encodes into bytes that nobody else holds. */
export function encodeApart<T>(codec: Codec<T>, value: T): Uint8Array {
  const encoded = codec.encode(value)
  return apart.has(codec) ? encoded : copyOf(encoded)
}

/** Decodes into a value that shares no memory with the bytes. */
export function decodeApart<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return codec.decode(apart.has(codec) ? bytes : Buffer.from(bytes))
}

/** What a value that was read must be: a function that throws or returns false, or a schema of any Standard Schema library. */
export type JsonCheck<T> = ((value: T) => unknown) | StandardSchema<T>

/**
 * Plain JSON with a TypeScript type and no schema registry. A value that the check refuses goes to the dead letters, and the
 * operator does not see it. With a schema the operator gets what the schema returns, defaults included. Its transformations
 * must leave their own results as they are, since the value is written as JSON and read by the schema again.
 */
function json<T>(name = 'json', check?: JsonCheck<T>): Codec<T> {
  const checked = checkOf(name, check)
  return keepsApart({
    name,
    encode: value => {
      const text = JSON.stringify(value)
      if (text === undefined) throw new TypeError(`${name}: ${typeof value} has no JSON form`)
      return Buffer.from(text)
    },
    decode: bytes => checked(JSON.parse(asText(bytes))),
  })
}

function checkOf<T>(name: string, check: JsonCheck<T> | undefined): (value: T) => T {
  if (!check) return value => value
  if (isSchema(check)) return validatorOf(name, check)
  return value => {
    if (check(value) === false) throw new TypeError(`${name}: the value was refused by its check`)
    return value
  }
}

/** UTF-8 text. Malformed text is refused in both directions, since it would become another text. */
const text: Codec<string> = keepsApart({
  name: 'text',
  encode: value => asBytes(value),
  decode: bytes => asText(bytes),
})

/** Bytes as they are. Both directions copy: a change of the caller's bytes changes nothing that is stored. */
const bytes: Codec<Uint8Array> = keepsApart({
  name: 'bytes',
  encode: value => copyOf(value),
  decode: value => copyOf(value),
})

/** The codecs that come with the engine: `codec.json<T>(name, check?)`, `codec.text` and `codec.bytes`. */
export const codec = { json, text, bytes } as const

/** UTF-8 bytes as a string, without copying first. Throws a TypeError for invalid bytes, so that no two byte sequences become one text. */
export function asText(bytes: Uint8Array): string {
  const text = textOrNothing(bytes)
  if (text === undefined) throw new TypeError('it is not valid UTF-8')
  return text
}

/** UTF-8 bytes as a string; nothing for invalid bytes. What is shown without a replacement is valid: most bytes are looked at once. */
export function textOrNothing(bytes: Uint8Array): string | undefined {
  const text = asShown(bytes)
  return text.includes(REPLACEMENT) && !isUtf8(bytes) ? undefined : text
}

/** Stands for invalid bytes, and may also stand for itself. */
const REPLACEMENT = '\ufffd'

/** UTF-8 bytes for people to look at. Invalid bytes are shown as replacement characters. */
export function asShown(bytes: Uint8Array): string {
  return Buffer.isBuffer(bytes)
    ? bytes.toString()
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

/** Text as UTF-8 bytes. Throws a TypeError for a lone surrogate, which has no UTF-8: no two texts become the same bytes. */
export function asBytes(text: string): Uint8Array {
  if (typeof text !== 'string') throw new TypeError(`it is ${text === null ? 'null' : typeof text}, not text`)
  if (!text.isWellFormed()) throw new TypeError('it has a lone surrogate, which has no UTF-8')
  return Buffer.from(text)
}

function copyOf(value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`bytes: it is ${typeof value}, not a Uint8Array`)
  return Buffer.from(value)
}
