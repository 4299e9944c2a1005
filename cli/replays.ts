/** What failed for good, read from its two topics. */

import { TOPICS } from '#answers/topics.ts'
import type { Failed } from '#answers/types.ts'
import { CaudalError } from '#core/errors.ts'
import { asDeadLetter } from '#engine/client/dead-letters.ts'
import { type Kept, keptIn, type Replayable } from '#engine/client/replay.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import type { DeadLetter } from '#engine/record/dead-letter.ts'
import type { Tool } from './tool.ts'
import type { Values } from './values.ts'

export interface Failure extends Replayable {
  /** `invalid`: no question; `failed`: attempts used up; `dead`: an operator could not process it. */
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
export async function failuresIn(tool: Omit<Tool, 'configuration'>): Promise<readonly Failure[]> {
  const { log, plan, values, isOwn } = tool
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
        throw new CaudalError('REJECTED', { reason: `${id} is no question: put a mended event in instead` })
      const [spec] = await log.describeTopics([TOPICS.requests])
      const key = Buffer.from(request.id)
      // Its errors are forgiven, else it would be given up at once; what it learned and what it cost stay.
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
