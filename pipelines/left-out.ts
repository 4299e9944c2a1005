/** What a follower leaves out is logged and counted, never passed over in silence. */
import { publish } from '#core/diagnostics.ts'
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { LeftOut } from '#engine/log/follow-topic.ts'

export function loggedLeftOut(logger: Pick<Logger, 'warn'>): LeftOut {
  return {
    record({ topic, partition }, offset, error) {
      publish('caudal:follow:skipped', { topic, what: 'record' })
      logger.warn('a record cannot be read and is left out: find out who wrote it', {
        ...{ topic, partition, offset },
        reason: reasonOf(error),
      })
    },
    gap({ topic, partition }, from, to) {
      publish('caudal:follow:skipped', { topic, what: 'gap' })
      logger.warn('records were dropped before they were read: keep the topic for longer', {
        ...{ topic, partition, from, to },
      })
    },
  }
}
