/**
 * Durable steps in the state topic. A result larger than a record may be is stored in chunks: the step's own entry
 * then holds their number, and the chunks stand beside it. Each begins with its kind and the time of writing, by which
 * the steps of dead letters are swept.
 */
import { stepEntry } from '#engine/state/layout.ts'

const WHOLE = 0
const CHUNKED = 1
const HEAD_BYTES = 9

/** Steps of records that became dead letters are kept so long, for a replay to find them. */
export const STEP_KEPT_MS = 7 * 86_400_000

interface Reads {
  read(entry: string): Uint8Array | undefined
}

export interface JournaledStep {
  readonly result: Uint8Array
  /** The entries that hold it. */
  readonly entries: readonly string[]
}

/** Half a record: a chunk has its head, and the log its own. */
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

/** Bytes as an entry of the journal, whose time of writing is found and swept like any other's. */
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
