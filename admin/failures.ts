/** Failures: read from their two topics, shown, and sent again. */

import { TOPICS } from '#answers/topics.ts'
import type { Failed } from '#answers/types.ts'
import type { Values } from '#answers/values.ts'
import { asShown, type Codec } from '#core/codec.ts'
import { decoded } from '#core/decoded.ts'
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import { asDeadLetter } from '#engine/client/dead-letters.ts'
import { type Kept, keptIn, type Replayable, ReplaySender } from '#engine/client/replay.ts'
import type { Log } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import type { DeadLetter } from '#engine/record/dead-letter.ts'
import type { Plan } from '#topology/plan.ts'
import type { Access } from './access.ts'
import { refusalOf } from './replay-rules.ts'

/** Records written by one append. */
const BATCH_RECORDS = 200

/** What was given up: an event, a question or a record. It stays listed until it is sent again. */
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
  /** Why it cannot be sent again, and what to do instead. */
  readonly refusal?: string | undefined
}

/** Everything that failed and was not sent again since, oldest first. */
export async function failuresIn(access: Access): Promise<readonly Failure[]> {
  const { log, plan, values, isOwn } = access
  const failed = isOwn ? [] : await keptIn(log, TOPICS.failed)
  const dead = await keptIn(log, plan.deadLetterTopic)
  const told = await Promise.all(failed.map(each => failedOf(each, values)))
  return [...told, ...dead.map(each => deadOf(each, plan))].sort((a, b) => a.failedAt - b.failedAt)
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
    refusal: request ? undefined : noQuestion(id),
    resent: async log => {
      if (!request) throw new CaudalError('REJECTED', { reason: noQuestion(id) })
      const [spec] = await log.describeTopics([TOPICS.requests])
      const key = Buffer.from(request.id)
      // The count of errors begins again, or the question would be given up at once. Its lessons and its cost stay.
      const renewed = values.write(TOPICS.requests, { ...request, error_attempts: 0, parked: 0 })
      const partition = partitionOf(key, spec?.partitions ?? 1)
      return { topic: TOPICS.requests, partition, records: [{ key, value: renewed, headers, timestamp }] }
    },
  }
}

/** Whose question or event failed: empty for a question of nobody, and nothing where it cannot be said. */
export function ownerOf({ detail }: Failure): string | undefined {
  if (!('faults' in detail)) return undefined
  return detail.request ? (detail.request.organization_id ?? '') : detail.organization_id
}

const noQuestion = (id: string): string => `${id} is no question: put a corrected event in instead`

function deadOf(kept: Kept, plan: Plan): Failure {
  const { letter, resent, ...replayable } = asDeadLetter(kept)
  const { id, node, message, attempts, failedAt } = letter
  const refusal = refusalOf(letter, plan)
  return {
    ...replayable,
    ...{ kind: 'dead', id, node, reason: message, attempts, failedAt, detail: letter, refusal },
    resent: async log => {
      if (refusal !== undefined) throw new CaudalError('REJECTED', { reason: `${id}: ${refusal}` })
      return resent(log)
    },
  }
}

/** Invalid events cannot be sent again, nor what other readers would take once more. */
export const canReplay = ({ refusal }: Pick<Failure, 'refusal'>): boolean => refusal === undefined

/** Failures that a person has named. */
export interface Chosen {
  readonly failures: readonly Failure[]
  /** Requested ids without a failure, or whose failure was sent again since. */
  readonly missing: readonly string[]
}

/** The failures with these ids. `all` chooses every failure that can be sent again. */
export function chosenOf(failures: readonly Failure[], ids: readonly string[] | 'all'): Chosen {
  if (ids === 'all') return { failures: failures.filter(canReplay), missing: [] }
  const chosen = failures.filter(({ id }) => ids.includes(id))
  return { failures: chosen, missing: ids.filter(id => !chosen.some(each => each.id === id)) }
}

/** How failures are sent again. */
export interface ReplayOptions {
  readonly application: string
  readonly system: System
  /** Ends the replay after the append under way. */
  readonly signal?: AbortSignal
  /** Records of one append; many when left out. */
  readonly piece?: number
  /** After each append; the next waits for it. */
  readonly onProgress?: (done: ReplayedSoFar) => unknown
}

/** Rejects with REJECTED, as its sending does, where one of them cannot be sent again. */
export async function refuseUnsendable(log: Log, failures: readonly Failure[]): Promise<void> {
  for (const failure of failures) if (!canReplay(failure)) await failure.resent(log)
}

/** How far a replay has come. */
export interface ReplayedSoFar {
  readonly sent: number
  /** Those that somebody else has sent meanwhile. */
  readonly leftOut: number
}

/**
 * Sends failures again, several in one append. Right before each append it looks which of them somebody else has sent
 * meanwhile, and leaves those out.
 */
export async function replayFailures(
  log: Log,
  failures: readonly Failure[],
  { application, system, signal, piece = BATCH_RECORDS, onProgress }: ReplayOptions,
): Promise<ReplayedSoFar> {
  await using sender = await ReplaySender.open({ log, application, system, signal }, failures)
  let done: ReplayedSoFar = { sent: 0, leftOut: 0 }
  for (let next = 0; next < failures.length && !signal?.aborted; next += piece) {
    const chosen = failures.slice(next, next + piece)
    const sent = await sender.send(chosen)
    done = { sent: done.sent + sent, leftOut: done.leftOut + chosen.length - sent }
    await onProgress?.(done)
  }
  return done
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
