/** How a value stands in the state topic: one byte for format and flags, when it was written if it expires, the payload. */
import { durationMs } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'
import type { StateOptions } from '#core/state.ts'

/** The high half of the first byte; a newer version that changes the frame counts it up. */
const FORMAT = 1
const HAS_TIME = 1
const TIME_BYTES = 8

export interface FrameOptions {
  readonly now: number
  /** Time to live in milliseconds of the state; without one the time of writing is not stored. */
  readonly ttl: number | undefined
}

export function frame(payload: Uint8Array, { now, ttl }: FrameOptions): Uint8Array {
  const head = ttl === undefined ? 1 : 1 + TIME_BYTES
  const framed = allocate(head + payload.length)
  framed[0] = (FORMAT << 4) | (ttl === undefined ? 0 : HAS_TIME)
  if (ttl !== undefined) framed.writeDoubleBE(now, 1)
  framed.set(payload, head)
  return framed
}

/**
 * State values live long. Allocated from Node's pool of 8 kB, beside short-lived buffers, one old entry would keep a whole
 * pool alive. So frames share small slabs of their own.
 */
const SLAB_BYTES = 1_024
let slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
let slabUsed = 0

function allocate(bytes: number): Buffer {
  if (bytes > SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(bytes)
  if (slabUsed + bytes > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
    slabUsed = 0
  }
  slabUsed += bytes
  return slab.subarray(slabUsed - bytes, slabUsed)
}

/** The payload, as a view of the frame. `where` names the state in STATE_NEWER. */
export function unframe(framed: Uint8Array, where: string): Uint8Array {
  const first = framed[0] ?? 0
  if (!isKnown(first))
    throw new CaudalError('STATE_NEWER', { task: where, format: first >> 4, known: FORMAT })
  return framed.subarray(first & HAS_TIME ? 1 + TIME_BYTES : 1)
}

/** How long an entry of the state lives after it was written, in milliseconds; for ever where nothing is declared. */
export function lifetimeOf({ ttl }: StateOptions): number | undefined {
  return ttl === undefined ? undefined : durationMs(ttl)
}

/**
 * Whether an entry's time to live is over. Written while its state had none, an entry has no time of writing: it stays
 * until it is written again.
 */
export function isExpired(framed: Uint8Array, ttl: number | undefined, now: number): boolean {
  const first = framed[0] ?? 0
  if (ttl === undefined || !isKnown(first) || !(first & HAS_TIME)) return false
  return now - readTime(framed, 1) >= ttl
}

export const DUE_BYTES = 8

/** The value of a timer's entry: eight bytes, milliseconds since the epoch. */
export function encodeDue(due: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(DUE_BYTES)
  bytes.writeDoubleBE(due)
  return bytes
}

export function decodeDue(bytes: Uint8Array): number {
  return readTime(bytes, 0)
}

function isKnown(first: number): boolean {
  return first >> 4 === FORMAT && (first & 0x0f) <= HAS_TIME
}

function readTime(bytes: Uint8Array, at: number): number {
  // A view costs as much as all the rest of reading a timer, and mostly there is a buffer.
  if (bytes instanceof Buffer) return bytes.readDoubleBE(at)
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(at)
}
