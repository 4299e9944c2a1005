/** The dead letters of an application from outside: read, and sent again to where they failed. */
import { asShown } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'
import { HEADER, type NewRecord, partitionKey } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { compareLetters, type DeadLetter, decodeDeadLetter } from '#engine/record/dead-letter.ts'
import { deadLetterTopicOf } from '#topology/names.ts'
import { type Kept, keptIn, type Replayable, replay } from './replay.ts'

/** A dead letter where it is kept; whoever has it can send it again. */
export interface KeptDeadLetter extends Replayable {
  readonly letter: DeadLetter
}

/** Those of an application that were not sent again, the earliest first. Throws DECODE_FAILED at one that is none. */
export async function readDeadLetters(log: Log, application: string): Promise<readonly KeptDeadLetter[]> {
  const kept = await keptIn(log, deadLetterTopicOf(application))
  return kept.map(asDeadLetter).sort((a, b) => compareLetters(a.letter, b.letter))
}

/**
 * Sends dead letters again, each with its identity to the topic and partition where it failed; all in one append or none.
 * From then on they are not among those that `readDeadLetters` gives. Rejects with REJECTED, and sends none, where one
 * was a timer, or was too large for its envelope and is not in its topic any more.
 */
export async function replayDeadLetters(
  log: Log,
  letters: readonly KeptDeadLetter[],
  now = realSystem.now(),
): Promise<void> {
  await replay(log, letters, now)
}

export function asDeadLetter({ place, record }: Kept): KeptDeadLetter {
  const letter = decodeDeadLetter(record.value ?? new Uint8Array())
  return { place, record, letter, resent: log => resentOf(log, letter) }
}

async function resentOf(log: Log, letter: DeadLetter) {
  const { id, origin } = letter
  if (origin.partition < 0)
    throw new CaudalError('REJECTED', { reason: `${id} was a timer, which no topic holds` })
  const record = letter.omitted.length > 0 ? await originalOf(log, letter) : origin
  const { key, value, timestamp } = record
  const { topic, partition } = origin
  return { topic, partition, records: [{ key, value, timestamp, ...identified(record, id) }] }
}

/** An identity that somebody else has given stays what it is: an operator may have looked at it. */
function identified({ headers, allHeaders }: NewRecord, id: string) {
  const given = headers[HEADER.id]
  const name = given && asShown(given) !== id ? HEADER.replayOf : HEADER.id
  const bytes = Buffer.from(id)
  const others = allHeaders?.filter(([each]) => each !== name)
  return { headers: { ...headers, [name]: bytes }, allHeaders: others && [...others, [name, bytes] as const] }
}

/** For a record too large for its dead letter: from where it was read, if it is still there. */
async function originalOf(log: Log, { id, origin }: DeadLetter): Promise<NewRecord> {
  const [bounds] = await log.bounds([origin])
  if (bounds && bounds.start <= origin.offset && origin.offset < bounds.end) {
    const reader = log.openReader(origin, origin.offset)
    const { records } = await reader.next(1)
    reader.close()
    // A topic that was made again may have another record there.
    if (records[0]?.offset === origin.offset && records[0].timestamp === origin.timestamp) return records[0]
  }
  throw new CaudalError('REJECTED', {
    reason: `${id} is not at ${partitionKey(origin)}@${origin.offset} any more`,
  })
}
