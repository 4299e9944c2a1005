/** How values become bytes. A codec is a value: topics, state and steps carry one, and its name is its type's identity. */

export interface Codec<T> {
  /** Identity of the type: two places are compatible when their codecs have the same name. */
  readonly name: string
  /** Throws any error when the value does not fit; the runtime reports it with node and topic. */
  encode(value: T): Uint8Array
  /**
   * Throws any error when the bytes are not of this type, or NotYetReadable when it must fetch something first: the
   * record then runs again.
   */
  decode(bytes: Uint8Array): T
}

/** The type that a codec carries. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never

/**
 * Plain JSON with a TypeScript type and no schema registry. `check` may throw, or return false, for a value that
 * is not of the type: such input goes to the dead letters instead of into the operator.
 */
export function json<T>(name = 'json', check?: (value: T) => unknown): Codec<T> {
  return {
    name,
    encode: value => {
      const text = JSON.stringify(value)
      if (text === undefined) throw new TypeError(`${name}: ${typeof value} has no JSON form`)
      return Buffer.from(text)
    },
    decode: bytes => {
      const value = JSON.parse(asText(bytes)) as T // The check below, where given, is what backs this type.
      if (check && check(value) === false) throw new TypeError(`${name}: the value was refused by its check`)
      return value
    },
  }
}

/** UTF-8 text as it is. */
export const text: Codec<string> = {
  name: 'text',
  encode: value => Buffer.from(value),
  decode: bytes => asText(bytes),
}

/** Bytes, untouched. */
export const bytes: Codec<Uint8Array> = { name: 'bytes', encode: value => value, decode: value => value }

/** UTF-8 bytes as a string, without copying first. */
export function asText(bytes: Uint8Array): string {
  return Buffer.isBuffer(bytes)
    ? bytes.toString()
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}
