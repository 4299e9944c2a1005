/** The dead letters of an application from outside: read, and sent again to where they failed. */
import { asShown } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'
import { HEADER, type NewRecord, partitionKey } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { readFirst } from '#engine/log/read-topic.ts'
import { compareLetters, type DeadLetter, decodeDeadLetter } from '#engine/record/dead-letter.ts'
import { deadLetterTopicOf } from '#topology/names.ts'
import type { Plan } from '#topology/plan.ts'
import { disturbedBy } from '#topology/reach.ts'
import { type Kept, keptIn, type Replayable, replay } from './replay.ts'

/** A dead letter with the place where it is kept, as `replayDeadLetters` takes it. */
export interface KeptDeadLetter extends Replayable {
  /** The record that was given up, with its error. */
  readonly letter: DeadLetter
}

/** Dead letters of an application that were not sent again, the earliest first. Rejects with DECODE_FAILED at any other record. */
export async function readDeadLetters(log: Log, application: string): Promise<readonly KeptDeadLetter[]> {
  const kept = await keptIn(log, deadLetterTopicOf(application))
  return kept.map(asDeadLetter).sort((a, b) => compareLetters(a.letter, b.letter))
}

/**
 * Sends dead letters again, each with its identity to the topic and partition where it failed. All go in one append, or none.
 * From then on `readDeadLetters` does not give them any more. Rejects with REJECTED, and sends none, if one of them was a timer.
 * The same holds for one that was too large for its envelope and is not in its topic any more.
 *
 * What another process sends meanwhile is sent twice. It knows no graph: a record that is sent again reaches every reader of its topic, not only the operator that gave it up.
 * `running.replay` knows the graph, and rejects where other operators would take the record once more.
 */
export async function replayDeadLetters(
  log: Log,
  letters: readonly KeptDeadLetter[],
  now = realSystem.now(),
): Promise<void> {
  await replay(log, letters, now)
}

/** Throws REJECTED if other operators than the one that gave a dead letter up would take its record once more. */
export function checkReaders(letters: readonly KeptDeadLetter[], plan: Plan): void {
  for (const { letter } of letters) {
    const { id, origin } = letter
    const node = plan.renamedState[letter.node] ?? letter.node
    const others = disturbedBy(plan, node, origin.topic)
    if (others.length === 0) continue
    const read = `${origin.topic} is read by ${others.join(' and ')} too, which would take the record once more`
    throw new CaudalError('REJECTED', {
      reason: `${id}: ${read}; send ${node} what it needs by a topic of its own`,
    })
  }
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

/** An identity that the writer of the record has given stays: an operator may have read it. */
function identified({ headers, allHeaders }: NewRecord, id: string) {
  const given = headers[HEADER.id]
  const name = given && asShown(given) !== id ? HEADER.replayOf : HEADER.id
  const bytes = Buffer.from(id)
  const others = allHeaders?.filter(([each]) => each !== name)
  return { headers: { ...headers, [name]: bytes }, allHeaders: others && [...others, [name, bytes] as const] }
}

/** Reads a record that was too large for its dead letter from its topic, if the topic still has the record. */
async function originalOf(log: Log, { id, origin }: DeadLetter): Promise<NewRecord> {
  const [bounds] = await log.bounds([origin])
  if (bounds && bounds.start <= origin.offset && origin.offset < bounds.end) {
    const record = await readFirst(log, origin, { from: origin.offset, to: origin.offset + 1 })
    // A topic that was created again may have another record at this offset.
    if (record?.timestamp === origin.timestamp) return record
  }
  throw new CaudalError('REJECTED', {
    reason: `${id} is not at ${partitionKey(origin)}@${origin.offset} any more`,
  })
}
