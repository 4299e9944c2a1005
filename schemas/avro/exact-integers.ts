/**
 * Integers of Avro that are read and written exactly, or refused.
 *
 * The library computes long integers in floating point and lets numbers up to 2^53 pass, but from 2^52 on it writes and
 * reads some of them as their neighbours, with the sign turned. It also takes whatever a damaged int decodes to. Both are
 * refused here.
 */
import avro, { type Type } from 'avsc'

/** Below this the library's arithmetic, on twice the number, is exact. */
const LONG_LIMIT = 2 ** 52

interface Tap {
  readInt(): number
  readLong(): number
  writeLong(value: number): void
}

class ExactLong extends avro.types.LongType {
  _check(value: unknown, _flags: unknown, hook?: (value: unknown, type: Type) => void): boolean {
    const fits = Number.isInteger(value) && isExact(Number(value))
    if (!fits) hook?.(value, this)
    return fits
  }

  _read(tap: Tap): number {
    const value = tap.readLong()
    if (!isExact(value)) throw new TypeError('it has a long beyond 2^52, which cannot be read exactly')
    return value
  }

  _write(tap: Tap, value: number): void {
    if (!this._check(value, undefined)) throw new TypeError(`${String(value)} is no long below 2^52`)
    tap.writeLong(value)
  }
}

class ExactInt extends avro.types.IntType {
  _read(tap: Tap): number {
    const value = tap.readInt()
    if (value !== (value | 0)) throw new TypeError('it has an int of more than 32 bits')
    return value
  }
}

const LONG = new ExactLong()
const INT = new ExactInt()

/** For the library's `typeHook`: the exact type in place of `int` or `long`, nothing for other schemas. */
export function exactInteger(schema: unknown): Type | undefined {
  const named = typeof schema === 'object' && schema !== null && 'type' in schema ? schema.type : schema
  if (named === 'long') return LONG
  return named === 'int' ? INT : undefined
}

const isExact = (value: number) => value > -LONG_LIMIT && value < LONG_LIMIT
