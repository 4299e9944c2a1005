/**
 * Looks now and then for transactions of this application that have ended, but not in all partitions: of a pod that has nothing
 * to commit, or that is gone and has left no task, nobody else would ever ask. A pod replaces its producer for its own, and
 * fences the producers of pods that the group does not count any more; both end what was left as it was decided.
 */
import { CaudalError, reasonOf } from '#engine/core/errors.ts'
import type { Logger } from '#engine/core/operator.ts'
import type { TopicPartition } from '#engine/core/record.ts'
import type { Log, Membership } from '#engine/log/log.ts'
import { podOf } from './incarnation.ts'

export interface LeftoversOptions {
  readonly application: string
  /** Transactional id of this pod. */
  readonly producer: string
  readonly writePlaces: readonly TopicPartition[]
  readonly log: Log
  readonly logger: Logger
  readonly membership: () => Membership | undefined
  readonly enqueue: (callback: () => void) => void
  /** A transaction of this pod is torn: its producer is to be replaced. */
  readonly onOwn: (error: unknown) => void
}

export class Leftovers {
  readonly #options: LeftoversOptions
  #isLooking = false

  constructor(options: LeftoversOptions) {
    this.#options = options
  }

  look(): void {
    const membership = this.#options.membership()
    if (this.#isLooking || !membership) return
    this.#isLooking = true
    this.#settle(membership)
      .catch(error => {
        this.#options.logger.debug('torn transactions were not looked for', { error: reasonOf(error) })
      })
      .finally(() => {
        this.#isLooking = false
      })
  }

  async #settle(membership: Membership): Promise<void> {
    const { application, producer, log, writePlaces, logger, enqueue, onOwn } = this.#options
    const found = (await log.leftovers?.(writePlaces)) ?? []
    const ours = found.filter(id => id.startsWith(`${application}-`))
    if (ours.length === 0) return
    const reason = 'an earlier transaction of this pod has not ended everywhere'
    if (ours.includes(producer)) enqueue(() => onOwn(new CaudalError('COMMIT_ABORTED', { reason })))
    const live = new Set([...(await membership.liveMembers())].map(podOf))
    for (const id of ours) {
      if (id === producer || live.has(id.slice(application.length + 1))) continue
      logger.warn('a pod that is gone has left a transaction that has not ended everywhere: it is ended', {
        producer: id,
      })
      await log.fence(id, writePlaces)
    }
  }
}
