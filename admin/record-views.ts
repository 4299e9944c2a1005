/** Records for people to look at: each value read by the schema that it was written with, and as bytes where that fails. */
import { asShown, textOrNothing } from '#core/codec.ts'
import { reasonOf } from '#core/errors.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { decodeDue, unframe } from '#engine/state/frame.ts'
import { parseEntry } from '#engine/state/layout.ts'
import { AvroType, type Decode } from '#schemas/avro/avro-type.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import { asBuffer, HEAD_BYTES, MAGIC, schemaIdOf } from '#schemas/avro/wire-format.ts'

/** What a page shows of a value; `whole` asks for the rest. */
const TEXT_MAX = 20_000
const WHOLE_MAX = 4_000_000
const HEX_BYTES_MAX = 2_000
/** A schema that could not be fetched is asked for again after so long: thousands of records may wait for it. */
const ASKED_AGAIN_MS = 5_000

export interface HeaderView {
  readonly name: string
  /** Bytes that are no text are shown in hexadecimal digits. */
  readonly value: string
}

/** How a value was read. */
export type ValueForm = 'avro' | 'json' | 'text' | 'bytes' | 'tombstone' | 'timer'

export interface RecordView {
  readonly partition: number
  readonly offset: number
  /** ISO 8601, event time; empty for a time that is none. */
  readonly at: string
  /** Nothing for a record without a key. */
  readonly key: string | null
  /** Of key and value, in bytes. */
  readonly size: number
  readonly headers: readonly HeaderView[]
  readonly form: ValueForm
  readonly schema?: { readonly id: number; readonly name: string }
  readonly value?: unknown
  /** Instead of the value, where its text is long: how it begins. */
  readonly text?: string
  /** Instead of the value, where it could not be read: its first bytes. */
  readonly hex?: string
  /** Characters or bytes that are not shown. */
  readonly leftOut?: number
  /** Why the value could not be read. */
  readonly unread?: string
}

/** A record with its value as a filter looks at it. */
export interface Viewed {
  readonly view: RecordView
  readonly decoded: unknown
}

type Read = Pick<RecordView, 'form' | 'schema' | 'unread'> & { readonly value?: unknown }

interface KnownSchema {
  readonly name: string
  readonly decode: Decode
}

export interface RecordViewsOptions {
  readonly registry: SchemaRegistry
  readonly system: System
}

export class RecordViews {
  readonly #options: RecordViewsOptions
  readonly #schemas = new Map<number, KnownSchema>()
  readonly #absent = new Map<number, { readonly reason: string; readonly at: number }>()

  constructor(options: RecordViewsOptions) {
    this.#options = options
  }

  /** Never rejects: what cannot be read is shown as what it is. */
  async of(record: LogRecord, partition: number, { isState = false, whole = false } = {}): Promise<Viewed> {
    const { key, value, offset, timestamp } = record
    const keyText = key === null ? null : shownBytes(key)
    const read = value === null ? TOMBSTONE : await this.#read(value, isState ? keyText : undefined)
    const { value: decoded, ...told } = read
    const view = {
      ...{ partition, offset, at: timeText(timestamp), key: keyText, headers: headersOf(record) },
      size: (key?.length ?? 0) + (value?.length ?? 0),
      ...told,
      ...shownValue(read, value, whole),
    }
    return { view, decoded }
  }

  async #read(bytes: Uint8Array, entry: string | null | undefined): Promise<Read> {
    try {
      const kind = typeof entry === 'string' ? parseEntry(entry)?.kind : undefined
      if (kind === 'timer') return { form: 'timer', value: new Date(decodeDue(bytes)).toISOString() }
      return await this.#payload(kind === 'value' || kind === 'map' ? unframe(bytes, entry ?? '') : bytes)
    } catch (error) {
      return { form: 'bytes', unread: reasonOf(error) }
    }
  }

  async #payload(bytes: Uint8Array): Promise<Read> {
    if (bytes[0] === MAGIC && bytes.length >= HEAD_BYTES) return this.#avro(asBuffer(bytes))
    const text = textOrNothing(bytes)
    if (text === undefined || text.includes('\0')) return { form: 'bytes', unread: NO_TEXT }
    if (!/^\s*[[{"]/.test(text)) return { form: 'text', value: text }
    try {
      return { form: 'json', value: JSON.parse(text) }
    } catch {
      return { form: 'text', value: text }
    }
  }

  async #avro(message: Buffer): Promise<Read> {
    const id = schemaIdOf(message)
    const known = await this.#schemaOf(id)
    if (typeof known === 'string') return { form: 'bytes', unread: known }
    const schema = { id, name: known.name }
    try {
      return { form: 'avro', schema, value: plain(known.decode(message)) }
    } catch (error) {
      return { form: 'bytes', schema, unread: `schema ${id}: ${reasonOf(error)}` }
    }
  }

  async #schemaOf(id: number): Promise<KnownSchema | string> {
    const known = this.#schemas.get(id)
    if (known) return known
    const absent = this.#absent.get(id)
    const now = this.#options.system.monotonic()
    if (absent && now - absent.at < ASKED_AGAIN_MS) return absent.reason
    const found = await this.#fetched(id)
    if (typeof found === 'string') this.#absent.set(id, { reason: found, at: now })
    else this.#schemas.set(id, found)
    return found
  }

  async #fetched(id: number): Promise<KnownSchema | string> {
    const { registry } = this.#options
    try {
      const text = await registry.schemaOf(id)
      if (text === undefined) return `there is no schema ${id} in ${registry.address}`
      const type = new AvroType(text, 'loose')
      return { name: type.name, decode: type.decoderOf(type) }
    } catch (error) {
      return `schema ${id} cannot be used now: ${reasonOf(error)}`
    }
  }
}

const TOMBSTONE: Read = { form: 'tombstone' }
const NO_TEXT = 'it is neither Avro nor text'

/** The value, or how it begins. */
function shownValue(
  { form, value }: Read,
  bytes: Uint8Array | null,
  whole: boolean,
): Pick<RecordView, 'value' | 'text' | 'hex' | 'leftOut'> {
  if (form === 'tombstone' || bytes === null) return {}
  if (form === 'bytes') return hexOf(bytes, whole)
  const text = jsonOf(value)
  if (text === undefined) return { ...hexOf(bytes, whole) }
  const max = whole ? WHOLE_MAX : TEXT_MAX
  return text.length <= max ? { value } : { text: text.slice(0, max), leftOut: text.length - max }
}

function hexOf(bytes: Uint8Array, whole: boolean): Pick<RecordView, 'hex' | 'leftOut'> {
  const max = whole ? WHOLE_MAX / 2 : HEX_BYTES_MAX
  const leftOut = Math.max(0, bytes.length - max)
  return { hex: asBuffer(bytes.subarray(0, max)).toString('hex'), ...(leftOut > 0 && { leftOut }) }
}

/** Nothing for a value that is nested too deep to be written. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** A value of Avro as JSON has it: bytes in hexadecimal digits, long integers as texts. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return asBuffer(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]))
}

function headersOf({ headers, allHeaders }: LogRecord): readonly HeaderView[] {
  const pairs = allHeaders ?? Object.entries(headers)
  return pairs.map(([name, value]) => ({ name, value: value === null ? '' : shownBytes(value) }))
}

const shownBytes = (bytes: Uint8Array): string =>
  textOrNothing(bytes) === undefined ? `0x${asBuffer(bytes).toString('hex')}` : asShown(bytes)

function timeText(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}
