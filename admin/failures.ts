/** Failures: read from their two topics, shown, and sent again. */

import { TOPICS } from '#answers/topics.ts'
import type { Failed } from '#answers/types.ts'
import type { Values } from '#answers/values.ts'
import { asShown, type Codec } from '#core/codec.ts'
import { decoded } from '#core/decoded.ts'
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import { asDeadLetter } from '#engine/client/dead-letters.ts'
import { type Kept, keptIn, type Replayable, replay } from '#engine/client/replay.ts'
import type { Log } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import type { DeadLetter } from '#engine/record/dead-letter.ts'
import type { Plan } from '#topology/plan.ts'
import type { Access } from './access.ts'

/** Records written by one append. */
const BATCH_RECORDS = 200

export interface Failure extends Replayable {
  /** `invalid`: the event is no question. `failed`: no attempt is left. `dead`: an operator could not process the record. */
  readonly kind: 'invalid' | 'failed' | 'dead'
  readonly id: string
  /** The operator that gave it up. */
  readonly node: string
  readonly reason: string
  readonly attempts: number
  readonly failedAt: number
  readonly detail: Failed | DeadLetter
}

/** Everything that failed and was not sent again since, oldest first. */
export async function failuresIn(access: Access): Promise<readonly Failure[]> {
  const { log, plan, values, isOwn } = access
  const failed = isOwn ? [] : await keptIn(log, TOPICS.failed)
  const dead = await keptIn(log, plan.deadLetterTopic)
  const told = await Promise.all(failed.map(each => failedOf(each, values)))
  return [...told, ...dead.map(deadOf)].sort((a, b) => a.failedAt - b.failedAt)
}

async function failedOf({ place, record }: Kept, values: Values): Promise<Failure> {
  const { headers, timestamp, value } = record
  const failed = await values.read(TOPICS.failed, value ?? new Uint8Array())
  const { id, reason, faults, failed_at, request } = failed
  const isInvalid = reason === 'invalid_input'
  return {
    place,
    record,
    kind: isInvalid ? 'invalid' : 'failed',
    id,
    node: isInvalid ? 'ingest' : 'retry',
    reason: faults.join('; '),
    attempts: (request?.error_attempts ?? 0) + (request?.quality_attempts ?? 0),
    failedAt: failed_at,
    detail: failed,
    resent: async log => {
      if (!request)
        throw new CaudalError('REJECTED', {
          reason: `${id} is no question: put a corrected event in instead`,
        })
      const [spec] = await log.describeTopics([TOPICS.requests])
      const key = Buffer.from(request.id)
      // The count of errors begins again, or the question would be given up at once. Its lessons and its cost stay.
      const renewed = values.write(TOPICS.requests, { ...request, error_attempts: 0, parked: 0 })
      const partition = partitionOf(key, spec?.partitions ?? 1)
      return { topic: TOPICS.requests, partition, records: [{ key, value: renewed, headers, timestamp }] }
    },
  }
}

function deadOf(kept: Kept): Failure {
  const { letter, ...replayable } = asDeadLetter(kept)
  const { id, node, message, attempts, failedAt } = letter
  return { ...replayable, kind: 'dead', id, node, reason: message, attempts, failedAt, detail: letter }
}

export interface Chosen {
  readonly failures: readonly Failure[]
  /** Requested ids without a failure, or whose failure was sent again since. */
  readonly missing: readonly string[]
}

/** The failures with these ids. `all` chooses every failure that can be sent again: all but invalid events. */
export function chosenOf(failures: readonly Failure[], ids: readonly string[] | 'all'): Chosen {
  if (ids === 'all') return { failures: failures.filter(({ kind }) => kind !== 'invalid'), missing: [] }
  const chosen = failures.filter(({ id }) => ids.includes(id))
  return { failures: chosen, missing: ids.filter(id => !chosen.some(each => each.id === id)) }
}

export interface ReplayOptions {
  readonly system: System
  /** Ends the replay after the append under way. */
  readonly signal?: AbortSignal
  readonly onProgress?: (sent: number) => void
}

/** Sends failures again, many in one append. Returns how many were sent. */
export async function replayFailures(
  log: Log,
  failures: readonly Failure[],
  { system, signal, onProgress }: ReplayOptions,
): Promise<number> {
  let sent = 0
  while (sent < failures.length && !signal?.aborted) {
    const batch = failures.slice(sent, sent + BATCH_RECORDS)
    await replay(log, batch, system.now())
    sent += batch.length
    onProgress?.(sent)
  }
  return sent
}

/** A whole failure: input, faults, history, stack. The codec of its topic decodes its value. */
export async function shownFailure(
  { kind, detail }: Failure,
  { plan }: Pick<Access, 'plan'>,
): Promise<unknown> {
  return kind === 'dead' ? readable(detail as DeadLetter, plan) : detail // Its kind says which of the two it is.
}

async function readable({ origin, ...letter }: DeadLetter, plan: Plan) {
  const { key, value, headers, ...place } = origin
  const texts = Object.entries(headers).map(([name, bytes]) => [name, asShown(bytes)])
  return {
    ...letter,
    origin: {
      ...place,
      key: key && asShown(key),
      value: value && (await readValue(value, plan.topics.get(origin.topic)?.codec)),
      headers: Object.fromEntries(texts),
    },
  }
}

/** Shows bytes as text if the codec refuses them or their value has no form in JSON. */
async function readValue(bytes: Uint8Array, codec: Codec<unknown> | undefined): Promise<unknown> {
  const text = asShown(bytes)
  if (codec === undefined) return text
  try {
    const value = await decoded(codec, bytes)
    return value instanceof Uint8Array || JSON.stringify(value) === undefined ? text : value
  } catch {
    return text
  }
}
