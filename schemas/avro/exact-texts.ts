/**
 * Strings of Avro that are read and written exactly, or refused: the library puts replacement characters in place of what
 * is not valid UTF-8, in both directions, and so makes different strings the same.
 */
import { isUtf8 } from 'node:buffer'
import avro, { type Type } from 'avsc'

/** The library's cursor, as far as it is used here. */
interface Tap {
  readonly buf: Buffer
  readonly pos: number
  readString(): string
  writeString(value: string): void
}

const REPLACEMENT = '\ufffd'

class ExactText extends avro.types.StringType {
  _check(value: unknown, _flags: unknown, hook?: (value: unknown, type: Type) => void): boolean {
    const fits = typeof value === 'string' && value.isWellFormed()
    if (!fits) hook?.(value, this)
    return fits
  }

  _read(tap: Tap): string {
    return readText(tap)
  }

  _write(tap: Tap, value: string): void {
    if (!this._check(value, undefined)) throw new TypeError(faultOf(value))
    tap.writeString(value)
  }
}

const TEXT = new ExactText()

/** For the library's `typeHook`: the exact type in place of `string`, nothing for other schemas. */
export function exactText(schema: unknown): Type | undefined {
  const named = typeof schema === 'object' && schema !== null && 'type' in schema ? schema.type : schema
  return named === 'string' ? TEXT : undefined
}

/** Looked at twice only where it has a replacement character, which may have been there from the start. */
export function readText(tap: Tap): string {
  const before = tap.pos
  const text = tap.readString()
  if (!text?.includes(REPLACEMENT)) return text
  let start = before // Of the length, whose bytes but for the last have their high bit set.
  while ((tap.buf[start] ?? 0) & 0x80) start++
  if (isUtf8(tap.buf.subarray(start + 1, tap.pos))) return text
  throw new TypeError(`it has a string at byte ${before} that is not valid UTF-8`)
}

export function faultOf(text: unknown): string {
  return typeof text === 'string'
    ? 'a string has a lone surrogate, which has no UTF-8'
    : `${typeof text} is no string`
}
