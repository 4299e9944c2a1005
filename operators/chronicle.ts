/** The history of each question into the database: what happened to it, in order. */

import { DeliveredAvro, FailedAvro, IntakeAvro, NoticeAvro, RecordingAvro } from '#answers/codecs.ts'
import type { Codec } from '#core/codec.ts'
import { Unavailable } from '#core/errors.ts'
import { batchOperator } from '#core/operator.ts'
import type { HistoryStore } from '#stores/history.ts'
import {
  acceptedEvent,
  callEvent,
  deliveredEvent,
  type EventFacts,
  failedEvent,
  noticeEvent,
} from '#stores/task-events.ts'

export interface ChronicleOptions {
  readonly history: HistoryStore
}

/**
 * One operator for each topic that tells of questions. An event is named by its record: written again, it changes nothing.
 * While the database is away the records wait, and nothing else does.
 *
 * ```ts
 * recordings.process('chronicle', chronicle({ history }).recordings)
 * ```
 */
export function chronicle({ history }: ChronicleOptions) {
  return {
    intake: writing('chronicle-intake', IntakeAvro, acceptedEvent, history),
    recordings: writing('chronicle', RecordingAvro, callEvent, history),
    failed: writing('chronicle-failed', FailedAvro, failedEvent, history),
    delivered: writing('chronicle-delivered', DeliveredAvro, deliveredEvent, history),
    notices: writing('chronicle-notices', NoticeAvro, noticeEvent, history),
  }
}

function writing<V>(name: string, input: Codec<V>, factsOf: (value: V) => EventFacts, history: HistoryStore) {
  return batchOperator({
    name,
    input,
    batch: { recordsMax: 500, wait: 20 },
    async processBatch(items) {
      const events = items.map(({ id, record }) => ({ recordId: id, ...factsOf(record.value) }))
      try {
        await history.append(events)
      } catch (error) {
        if (error instanceof Unavailable) throw error
        await Promise.all(
          items.map((item, index) =>
            history.append(events.slice(index, index + 1)).catch(fault => item.fail(fault)),
          ),
        )
      }
    },
  })
}
