/** What becomes of questions, as the topics of the pipeline tell it: followed from outside, committed records alone. */
import { TOPICS } from '#answers/topics.ts'
import type { Delivered, Failed } from '#answers/types.ts'
import { type Planned, Values } from '#answers/values.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { replayedBy } from '#engine/client/replay.ts'
import { type Following, follow, type LeftOut } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import { decodeDeadLetter } from '#engine/record/dead-letter.ts'
import type { Plan } from '#topology/plan.ts'
import { operatorOf, topicsBehind } from '#topology/reach.ts'

/** Each is waited for. A topic whose outcomes nobody listens to is not read. */
export interface OutcomeListener {
  delivered?(delivered: Delivered): unknown
  /** Invalid, or its attempts are used up; kept at the place, a partition and an offset of the topic of failures. */
  failed?(failed: Failed, place: string): unknown
  /** A failure was sent again: what came of it before is no outcome any more. */
  unfailed?(place: string): unknown
  /** A dead letter of an operator that questions depend on, still encoded; kept at the place, in the topic of dead letters. */
  dead?(record: LogRecord, place: string): unknown
  /** A dead letter was sent again. */
  undead?(place: string): unknown
}

export interface OutcomesOptions {
  readonly log: Log
  readonly system: System
  readonly plan: Planned & Pick<Plan, 'deadLetterTopic' | 'stages'>
  /** `start` hands out what is there too; `end` only what comes. */
  readonly from: 'start' | 'end'
  readonly leftOut?: LeftOut | undefined
}

/** Follows the topics until it is closed. Within a partition in order; between partitions and topics in any. */
export async function followOutcomes(
  { log, system, plan, from, leftOut }: OutcomesOptions,
  listener: OutcomeListener,
): Promise<Following> {
  const values = new Values(plan)
  const followed = (topic: string, onRecord: (record: LogRecord, place: string) => unknown) =>
    follow(log, {
      topic,
      from,
      system,
      leftOut,
      onRecord: (record, partition) => onRecord(record, `${partition}/${record.offset}`),
    })
  const following: Promise<Following>[] = []
  if (listener.failed)
    following.push(
      followed(TOPICS.failed, async (record, place) => {
        const replayed = replayedBy(record)
        if (replayed !== undefined) await listener.unfailed?.(replayed)
        else if (record.value) await listener.failed?.(await values.read(TOPICS.failed, record.value), place)
      }),
    )
  if (listener.delivered)
    following.push(
      followed(TOPICS.delivered, async ({ value }) => {
        if (value) await listener.delivered?.(await values.read(TOPICS.delivered, value))
      }),
    )
  if (listener.dead)
    following.push(
      followed(plan.deadLetterTopic, async (record, place) => {
        const replayed = replayedBy(record)
        if (replayed !== undefined) await listener.undead?.(replayed)
        else if (isOutcome(record, plan)) await listener.dead?.(record, place)
      }),
    )
  return together(await Promise.all(following))
}

/**
 * Whether a dead letter decides on its question. One of an operator behind the outcome does not: a copy lags. The question
 * has been delivered, or has failed, as its own record says.
 */
function isOutcome({ value }: LogRecord, plan: Pick<Plan, 'stages'>): boolean {
  if (!value) return false
  const { node } = decodeDeadLetter(value)
  if (!operatorOf(plan, node)) return true
  const behind = topicsBehind(plan, node)
  return behind.has(TOPICS.delivered) || behind.has(TOPICS.failed)
}

/** Several that are followed as one. */
export function together(all: readonly Following[]): Following {
  const ended = Promise.all(all.map(each => each.ended)).then(() => undefined)
  ended.catch(() => undefined) // A caller that awaits it gets the error.
  return {
    caughtUp: async () => {
      await Promise.all(all.map(each => each.caughtUp()))
    },
    close: () => {
      for (const each of all) each.close()
    },
    ended,
  }
}
