/** The events of questions in the topics that tell of them: the same for streams, and for a history that is written again. */
import { TOPICS } from '#answers/topics.ts'
import type { Values } from '#answers/values.ts'
import type { LogRecord } from '#core/record.ts'
import { recordId } from '#engine/record/identity.ts'
import type { TaskEvent } from '#stores/history.ts'
import {
  acceptedEvent,
  callEvent,
  deliveredEvent,
  type EventFacts,
  failedEvent,
  noticeEvent,
} from '#stores/task-events.ts'

/** In the order of the positions of a stream: a new topic comes last. */
export const EVENT_TOPICS = [
  TOPICS.intake,
  TOPICS.failed,
  TOPICS.delivered,
  TOPICS.recordings,
  TOPICS.notices,
] as const
export type EventTopic = (typeof EVENT_TOPICS)[number]

/** Nothing for a record without a value. */
export async function eventIn(
  values: Values,
  topic: EventTopic,
  { value, offset, headers }: LogRecord,
  partition: number,
): Promise<TaskEvent | undefined> {
  if (!value) return undefined
  return { recordId: recordId(topic, partition, offset, headers), ...(await factsIn(values, topic, value)) }
}

async function factsIn(values: Values, topic: EventTopic, bytes: Uint8Array): Promise<EventFacts> {
  switch (topic) {
    case TOPICS.intake:
      return acceptedEvent(await values.read(topic, bytes))
    case TOPICS.failed:
      return failedEvent(await values.read(topic, bytes))
    case TOPICS.delivered:
      return deliveredEvent(await values.read(topic, bytes))
    case TOPICS.recordings:
      return callEvent(await values.read(topic, bytes))
    case TOPICS.notices:
      return noticeEvent(await values.read(topic, bytes))
  }
}
