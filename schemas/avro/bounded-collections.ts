/**
 * Arrays and maps of Avro that cannot be made to run away.
 *
 * The library reads as many items as a block claims to have and looks only at the end whether the bytes were enough, so
 * five bytes can ask for billions of items. Here a block may not claim more items than there are bytes left, and items
 * that take no bytes at all are refused with the schema: the work is then bounded by the size of the record. Keys of maps
 * become own properties whatever they are called, `__proto__` included, and are text, read and written exactly.
 */
import avro, { type Type } from 'avsc'
import { faultOf, readText } from './exact-texts.ts'

/** The library's cursor, as far as it is used here. */
interface Tap {
  readonly buf: Buffer
  readonly pos: number
  readLong(): number
  readString(): string
  skipString(): void
  writeLong(value: number): void
  writeString(value: string): void
}
/** A type or a resolver: what reads one value. */
interface Reads {
  _read(tap: Tap): unknown
  _skip(tap: Tap): void
}
interface Writes {
  _write(tap: Tap, value: unknown): void
}

class BoundedArray extends avro.types.ArrayType {
  /** Runs on this type or, where schemas are resolved, on the resolver that stands for it. */
  _read(this: { readonly itemsType: unknown }, tap: Tap): unknown[] {
    const reads = this.itemsType as Reads // Either of the two kinds of object that the library puts there.
    const items: unknown[] = []
    for (let count = itemsInBlock(tap); count > 0; count = itemsInBlock(tap)) {
      for (; count > 0; count--) items.push(reads._read(tap))
    }
    return items
  }

  _skip(tap: Tap): void {
    const reads = this.itemsType as unknown as Reads // The library's typings leave its inner methods out.
    for (let count = itemsInBlock(tap); count > 0; count = itemsInBlock(tap)) {
      for (; count > 0; count--) reads._skip(tap)
    }
  }
}

class BoundedMap extends avro.types.MapType {
  _read(this: { readonly valuesType: unknown }, tap: Tap): Record<string, unknown> {
    const reads = this.valuesType as Reads // As in arrays.
    const entries: Record<string, unknown> = {}
    for (let count = itemsInBlock(tap); count > 0; count = itemsInBlock(tap)) {
      for (; count > 0; count--) put(entries, readText(tap), reads._read(tap))
    }
    return entries
  }

  _write(tap: Tap, entries: unknown): void {
    if (!isMap(entries)) throw new TypeError(`${typeof entries} is no map`)
    const writes: Writes = this.valuesType
    const all = Object.entries(entries)
    if (all.length > 0) tap.writeLong(all.length)
    for (const [key, value] of all) {
      if (!key.isWellFormed()) throw new TypeError(faultOf(key))
      tap.writeString(key)
      writes._write(tap, value)
    }
    tap.writeLong(0)
  }

  _skip(tap: Tap): void {
    const reads: Reads = this.valuesType
    for (let count = itemsInBlock(tap); count > 0; count = itemsInBlock(tap)) {
      for (; count > 0; count--) {
        tap.skipString()
        reads._skip(tap)
      }
    }
  }
}

/** For the library's `typeHook`: the bounded type in place of an array or map, nothing for other schemas. */
export function boundedCollection(schema: unknown, options: object): Type | undefined {
  if (typeof schema !== 'object' || schema === null || !('type' in schema)) return undefined
  // Both are what the library itself does with such a schema; its constructors throw where it is malformed.
  const given = schema as ConstructorParameters<typeof avro.types.ArrayType>[0]
  if (schema.type === 'map') return new BoundedMap(given, options)
  if (schema.type !== 'array') return undefined
  const made = new BoundedArray(given, options)
  if (takesNoBytes(made.itemsType, 0)) throw new TypeError('its arrays have items that take no bytes')
  return made
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function itemsInBlock(tap: Tap): number {
  let count = tap.readLong()
  if (count < 0) {
    count = -count
    tap.readLong() // The size of the block, which nobody can rely on.
  }
  const left = tap.buf.length - tap.pos
  if (count > 0 && count > left)
    throw new TypeError(`it claims ${count} items in the ${left} bytes that are left`)
  return count
}

function put(entries: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(entries, key, { value, enumerable: true, configurable: true, writable: true })
  } else entries[key] = value
}

const DEPTH_MAX = 20

function takesNoBytes(type: Type, depth: number): boolean {
  if (type.typeName === 'null') return true
  if (type instanceof avro.types.FixedType) return type.size === 0
  if (!(type instanceof avro.types.RecordType) || depth > DEPTH_MAX) return false
  return type.fields?.every(field => takesNoBytes(field.type, depth + 1)) ?? false
}
