/** Dead letters: the envelope that keeps a failed record whole. */
import { asText } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { LogRecord } from '#core/record.ts'

const FORMAT = 1
const MESSAGE_CHARS_MAX = 2_000
const STACK_CHARS_MAX = 8_000

const BRIEF_MESSAGE_CHARS_MAX = 200

type OriginPart = 'key' | 'value' | 'headers'

/** Parts to leave out of an envelope that is too large, in order, until it fits. The first omits the fewest original bytes. */
const OMISSIONS: readonly (readonly OriginPart[])[] = [
  [],
  ['value'],
  ['headers'],
  ['value', 'headers'],
  ['key', 'value', 'headers'],
]

/** Why a record was given up, and everything that a replay needs to send it again to where it came from. */
export interface DeadLetter {
  /** The identity of the record. */
  readonly id: string
  /** The application that gave the record up. */
  readonly application: string
  /** The record as it was read. */
  readonly origin: LogRecord & { readonly topic: string; readonly partition: number }
  /** The operator that failed. */
  readonly node: string
  /** The code of the error. */
  readonly code: string
  /** The message of the error. */
  readonly message: string
  /** Where in the code the error was thrown, if that is known. */
  readonly stack: string | undefined
  /** How often the record ran. */
  readonly attempts: number
  /** Milliseconds since the epoch. */
  readonly failedAt: number
  /** Parts of the origin that are left out, because the envelope would be too large for its topic. The origin still has them. */
  readonly omitted: readonly OriginPart[]
}

/**
 * JSON with key, value and header bytes in base64. An envelope larger than `bytesMax` loses details of the error first, and
 * says so. Then it loses parts of the origin until it fits. So a record that is too large for an envelope cannot stop its task
 * for ever.
 */
export function encodeDeadLetter(
  letter: Omit<DeadLetter, 'omitted'>,
  bytesMax = Number.POSITIVE_INFINITY,
): Uint8Array {
  let envelope = envelopeOf(letter, [])
  if (envelope.length <= bytesMax) return envelope
  const brief = briefOf(letter)
  for (const omitted of OMISSIONS) {
    for (const told of [letter, brief]) {
      envelope = envelopeOf(told, omitted)
      if (envelope.length <= bytesMax) return envelope
    }
  }
  return envelope
}

/** The letter with a bounded error, whatever was thrown. */
function briefOf(letter: Omit<DeadLetter, 'omitted'>): Omit<DeadLetter, 'omitted'> {
  const { message } = letter
  const isLong = message.length > BRIEF_MESSAGE_CHARS_MAX
  return {
    ...letter,
    message: isLong ? `${message.slice(0, BRIEF_MESSAGE_CHARS_MAX)} (cut: it did not fit)` : message,
    stack: letter.stack && '(left out: it did not fit)',
  }
}

function envelopeOf(letter: Omit<DeadLetter, 'omitted'>, omitted: readonly OriginPart[]): Uint8Array {
  const { topic, partition, offset, timestamp, key, value, headers, allHeaders } = letter.origin
  const kept = (part: OriginPart) => !omitted.includes(part)
  const envelope = {
    format: FORMAT,
    id: letter.id,
    application: letter.application,
    node: letter.node,
    code: letter.code,
    message: letter.message.slice(0, MESSAGE_CHARS_MAX),
    stack: letter.stack?.slice(0, STACK_CHARS_MAX),
    attempts: letter.attempts,
    failedAt: letter.failedAt,
    omitted,
    origin: {
      topic,
      partition,
      offset,
      timestamp,
      key: kept('key') ? toBase64(key) : null,
      value: kept('value') ? toBase64(value) : null,
      headers: kept('headers') ? mapValues(headers, bytes => toBase64(bytes)) : {},
      ...(allHeaders && kept('headers')
        ? { allHeaders: allHeaders.map(([name, bytes]) => [name, toBase64(bytes)]) }
        : {}),
    },
  }
  return Buffer.from(JSON.stringify(envelope))
}

type Envelope = Omit<DeadLetter, 'origin'> & {
  readonly format: number
  readonly origin: Omit<DeadLetter['origin'], OriginPart | 'allHeaders'> & {
    readonly key: string | null
    readonly value: string | null
    readonly headers: Readonly<Record<string, string>>
    readonly allHeaders?: readonly (readonly [name: string, value: string | null])[]
  }
}

/** Throws STATE_NEWER for a format of a later version, DECODE_FAILED for bytes that are no dead letter. */
export function decodeDeadLetter(bytes: Uint8Array): DeadLetter {
  const { format, origin, ...rest } = parse(bytes)
  if (format !== FORMAT) {
    throw new CaudalError('STATE_NEWER', { task: 'of the dead letters', format, known: FORMAT })
  }
  const { key, value, headers, allHeaders, ...place } = origin
  return {
    ...rest,
    stack: rest.stack,
    origin: {
      ...place,
      key: fromBase64(key),
      value: fromBase64(value),
      headers: mapValues(headers, text => fromBase64(text)),
      ...(allHeaders
        ? { allHeaders: allHeaders.map(([name, text]) => [name, fromBase64(text)] as const) }
        : {}),
    },
  }
}

function parse(bytes: Uint8Array): Envelope {
  try {
    // Only this file writes the format. The checks are right below.
    const envelope = JSON.parse(asText(bytes)) as Envelope
    const { format, id, origin } = envelope
    if (typeof format === 'number' && (format !== FORMAT || (typeof id === 'string' && origin.headers)))
      return envelope
    throw new CaudalError('REJECTED', { reason: 'it has no format, id or origin' })
  } catch (error) {
    const details = { node: 'dead letters', topic: 'the dead letters', codec: 'a dead letter' }
    throw new CaudalError('DECODE_FAILED', { ...details, reason: reasonOf(error) }, error)
  }
}

function toBase64(bytes: Uint8Array): string
function toBase64(bytes: Uint8Array | null): string | null
function toBase64(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function fromBase64(text: string): Uint8Array
function fromBase64(text: string | null): Uint8Array | null
function fromBase64(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(text, 'base64')
}

function mapValues<A, B>(values: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}

/** Orders letters by the time of failure. Letters of the same moment keep the order of their topic. */
export function compareLetters(a: DeadLetter, b: DeadLetter): number {
  const [one, other] = [a.origin, b.origin]
  return (
    a.failedAt - b.failedAt ||
    one.topic.localeCompare(other.topic) ||
    one.partition - other.partition ||
    one.offset - other.offset
  )
}
