/**
 * Durable steps in the state topic. A result larger than a record is stored in chunks beside the step's own entry, which then
 * holds their number. Each entry begins with its kind and the time of writing. The sweep of dead letters' steps reads that time.
 */
import { stepEntry } from '#engine/state/layout.ts'

const WHOLE = 0
const CHUNKED = 1
const HEAD_BYTES = 9

/** How long steps of dead letters are kept, so that a replay finds them. */
export const STEP_KEPT_MS = 7 * 86_400_000

interface Reads {
  read(entry: string): Uint8Array | undefined
}

export interface JournaledStep {
  readonly result: Uint8Array
  /** The entries that hold the result. */
  readonly entries: readonly string[]
}

/** Half a record: the rest is room for the head of the chunk and for that of the log. */
export const stepChunkBytesMaxOf = (recordBytesMax: number): number => Math.floor(recordBytesMax / 2)

/** The journaled result of a call, if there is one. */
export function readStep(state: Reads, callId: string): JournaledStep | undefined {
  const entry = stepEntry(callId)
  const head = state.read(entry)
  if (!head) return undefined
  if (head[0] === WHOLE) return { result: head.subarray(HEAD_BYTES), entries: [entry] }
  const count = Number(Buffer.from(head.subarray(HEAD_BYTES)).toString('latin1'))
  const entries = Array.from({ length: count }, (_, index) => chunkEntry(callId, index))
  const chunks = entries.map(each => state.read(each)?.subarray(HEAD_BYTES))
  if (!chunks.every(chunk => chunk !== undefined)) return undefined
  return { result: Buffer.concat(chunks), entries: [entry, ...entries] }
}

/** The entries that journal a result. */
export function stepWrites(
  callId: string,
  result: Uint8Array,
  now: number,
  chunkBytesMax: number,
): Map<string, Uint8Array> {
  if (result.length <= chunkBytesMax) return new Map([[stepEntry(callId), withHead(WHOLE, now, result)]])
  const writes = new Map<string, Uint8Array>()
  for (let at = 0; at < result.length; at += chunkBytesMax) {
    writes.set(
      chunkEntry(callId, writes.size),
      withHead(CHUNKED, now, result.subarray(at, at + chunkBytesMax)),
    )
  }
  const count = Buffer.from(String(writes.size), 'latin1')
  return writes.set(stepEntry(callId), withHead(CHUNKED, now, count))
}

/** When an entry of the journal was written. */
export function writtenAt(entry: Uint8Array): number {
  return Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).readDoubleBE(1)
}

/** Bytes as an entry of the journal, with a time of writing for the sweep. */
export function withTime(now: number, payload: Uint8Array): Uint8Array {
  return withHead(WHOLE, now, payload)
}

function withHead(kind: number, now: number, payload: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.length)
  bytes[0] = kind
  bytes.writeDoubleBE(now, 1)
  bytes.set(payload, HEAD_BYTES)
  return bytes
}

function chunkEntry(callId: string, index: number): string {
  return stepEntry(`${callId}#${index}`)
}
