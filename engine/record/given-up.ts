/**
 * Identities of records that outsiders have written. The headers of such a record prove nothing. A copied or invented identity
 * must not get what was bought for another record, nor be taken for its duplicate. So the identity is `topic/partition/offset`.
 * Only a replay keeps the identity that the record had.
 *
 * A record that is given up leaves a mark in the state of its task: a digest of its bytes under its identity. A record that
 * claims an identity gets it if there is a mark with the same bytes. The completion of the record deletes the mark. Otherwise
 * the mark goes after seven days, as journaled steps do.
 */
import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { asText } from '#core/codec.ts'
import { HEADER, type Headers, type LogRecord } from '#core/record.ts'
import { givenUpEntry } from '#engine/state/layout.ts'
import { shortId } from './identity.ts'
import { withTime } from './step-journal.ts'

const TIME_BYTES = 9

/** The mark of a record that is given up. */
export function markOf(
  id: string,
  record: LogRecord,
  now: number,
): readonly [entry: string, mark: Uint8Array] {
  return [givenUpEntry(shortId(id)), withTime(now, digestOf(record))]
}

interface Reads {
  get(entry: string): Uint8Array | undefined
}

/** The identity that a record proves it had when it was given up, and the entry of its mark. */
export function provenId(
  state: Reads,
  record: LogRecord,
): { readonly id: string; readonly entry: string } | undefined {
  const id = claimOf(record.headers)
  if (id === undefined) return undefined
  const entry = givenUpEntry(shortId(id))
  const mark = state.get(entry)
  return mark && digestOf(record).equals(mark.subarray(TIME_BYTES)) ? { id, entry } : undefined
}

function claimOf(headers: Headers): string | undefined {
  const claim = headers[HEADER.replayOf] ?? headers[HEADER.id]
  return claim && claim.length > 0 && isUtf8(claim) ? asText(claim) : undefined
}

/** Digest of key and value: they decide what is done for a record. */
function digestOf({ key, value }: LogRecord): Buffer {
  const parts = [key, value].flatMap(bytes => [
    Buffer.from(bytes ? `${bytes.length}:` : '-'),
    bytes ?? Buffer.of(),
  ])
  return hash('sha256', Buffer.concat(parts), 'buffer')
}
