/**
 * What a follower leaves out is logged and counted, never passed over in silence. Several views of a gateway read the same
 * topics: what one of them has reported is not reported again by the others.
 */
import { publish } from '#core/diagnostics.ts'
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { LeftOut } from '#engine/log/follow-topic.ts'

/** Records that are remembered; one that was forgotten is reported again by a view that comes to it later. */
const TOLD_MAX = 10_000

/** For all views of a process together. */
export function loggedLeftOut(logger: Pick<Logger, 'warn'>): LeftOut {
  const told = new Told()
  return {
    record({ topic, partition }, offset, error) {
      if (!told.isNewRecord({ topic, partition }, offset)) return
      publish('caudal:follow:skipped', { topic, what: 'record' })
      logger.warn('a record cannot be read and is left out: find out who wrote it', {
        ...{ topic, partition, offset },
        reason: reasonOf(error),
      })
    },
    gap({ topic, partition }, from, to) {
      if (!told.isNewGap({ topic, partition }, to)) return
      publish('caudal:follow:skipped', { topic, what: 'gap' })
      logger.warn('records were dropped before they were read: keep the topic for longer', {
        ...{ topic, partition, from, to },
      })
    },
  }
}

/** What was reported already. */
class Told {
  /** The oldest first. */
  readonly #records = new Set<string>()
  /** For each partition, up to which offset gaps are known. */
  readonly #gaps = new Map<string, number>()

  isNewRecord(place: TopicPartition, offset: number): boolean {
    const name = `${partitionKey(place)}/${offset}`
    if (this.#records.has(name)) return false
    this.#records.add(name)
    const [oldest] = this.#records
    if (this.#records.size > TOLD_MAX && oldest !== undefined) this.#records.delete(oldest)
    return true
  }

  /** The part of a gap that another view has not met is a gap of its own. */
  isNewGap(place: TopicPartition, to: number): boolean {
    const name = partitionKey(place)
    if (to <= (this.#gaps.get(name) ?? 0)) return false
    this.#gaps.set(name, to)
    return true
  }
}
