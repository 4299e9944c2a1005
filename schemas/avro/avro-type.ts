/** One Avro schema, compiled: encodes values, and makes decoders for what was written with another version of it. */
import avro, { type Schema, type Type } from 'avsc'
import { reasonOf } from '#core/errors.ts'
import { absencesOf } from './absences.ts'
import { boundedCollection } from './bounded-collections.ts'
import { exactInteger } from './exact-integers.ts'
import { exactText } from './exact-texts.ts'
import { HEAD_BYTES, MAGIC } from './wire-format.ts'

/** Reads a whole message in the wire format; throws a TypeError where its body is not of the writer's schema. */
export type Decode = (message: Buffer) => unknown

/**
 * How values of unions look:
 * - `plain`: the value alone; a union whose branches look alike is refused with the schema
 * - `loose`: the value alone where that is unambiguous, else `{ branch: value }`
 */
export type UnionShape = 'plain' | 'loose'

/** Grown where a value does not fit; shared, since encoding is synchronous. */
let scratch = Buffer.allocUnsafe(64 * 1024)

export class AvroType {
  /** Full name of a record, enum or fixed; the kind of any other type. */
  readonly name: string
  /** The schema as JSON, as it was given but for white space. */
  readonly text: string
  readonly #type: Type
  #fingerprint: number | undefined

  /** Throws a TypeError with the reason when the text is no schema, or not one that can be read safely. */
  constructor(text: string, unions: UnionShape = 'plain') {
    try {
      const schema: Schema = JSON.parse(text)
      this.text = JSON.stringify(schema)
      this.#type = avro.Type.forSchema(schema, {
        omitRecordMethods: true,
        typeHook: (each, options) =>
          exactInteger(each) ?? exactText(each) ?? boundedCollection(each, options),
        wrapUnions: unions === 'plain' ? 'never' : 'auto',
      })
    } catch (error) {
      throw new TypeError(`no Avro schema: ${reasonOf(error)}`, { cause: error })
    }
    this.name = this.#type.name ?? this.#type.typeName
  }

  /** The first 31 bits of the SHA-256 of the schema's Parsing Canonical Form: the id where no registry gives one. */
  get fingerprint(): number {
    this.#fingerprint ??= this.#type.fingerprint('sha256').readUInt32BE(0) >>> 1
    return this.#fingerprint
  }

  /** Whether what is written with either is the same bytes. */
  writesAs(other: AvroType): boolean {
    return this.#type.equals(other.#type)
  }

  /** A message in the wire format. Throws where the value does not fit, and says in which field. */
  encode(id: number, value: unknown): Uint8Array {
    let end = this.#write(value)
    while (end < 0) {
      scratch = Buffer.allocUnsafe(2 * (scratch.length - end))
      end = this.#write(value)
    }
    scratch[0] = MAGIC
    scratch.writeUInt32BE(id, 1)
    return Buffer.from(scratch.subarray(0, end))
  }

  /** Throws, with the reason, where the writer's schema cannot be resolved to this one. */
  decoderOf(writer: AvroType): Decode {
    const type = this.#type
    const resolver = writer.#type === type ? undefined : type.createResolver(writer.#type)
    const absences = absencesOf(type)
    return message => {
      const { value, offset } = type.decode(message, HEAD_BYTES, resolver)
      if (offset !== message.length) throw new TypeError(bodyFault(offset, message.length, writer.name))
      absences?.(value)
      return value
    }
  }

  #write(value: unknown): number {
    try {
      return this.#type.encode(value, scratch, HEAD_BYTES)
    } catch (error) {
      throw new TypeError(this.#faultsOf(value) || reasonOf(error), { cause: error })
    }
  }

  #faultsOf(value: unknown): string {
    const faults: string[] = []
    const errorHook = (path: string[], found: unknown, type: Type) => {
      faults.push(`${path.join('.') || 'it'} must be ${type.name ?? type.typeName}, not ${kindOf(found)}`)
    }
    this.#type.isValid(value, { errorHook })
    return faults.slice(0, FAULTS_MAX).join('; ')
  }
}

const FAULTS_MAX = 10

function bodyFault(end: number, length: number, writer: string): string {
  const fault = end < 0 ? 'is cut short' : `is followed by ${length - end} bytes that do not belong to it`
  return `the body, written as ${writer}, ${fault}`
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'array' : typeof value
}
