/**
 * Looks now and then for transactions of this application that have ended, but not in all partitions. Nobody else would ask
 * for those of a pod that has nothing to commit, or that is gone and has left no task.
 *
 * A pod replaces its own producer. A pod fences the producer of a pod that the group no longer counts. Both end the rest of the
 * transaction as the coordinator decided it.
 */
import { CaudalError, failureFields, hasCode } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { TopicPartition } from '#core/record.ts'
import type { Log, Membership } from '#engine/log/log.ts'
import { podOf } from '#engine/ownership/incarnation.ts'
import { TOPOLOGY_SUFFIX } from '#topology/names.ts'

export interface LeftoversOptions {
  readonly application: string
  /** Transactional id of this pod. */
  readonly producer: string
  readonly writePlaces: readonly TopicPartition[]
  readonly log: Log
  readonly logger: Logger
  readonly membership: () => Membership | undefined
  readonly enqueue: (callback: () => void) => void
  /** A transaction of this pod is torn: its producer must be replaced. */
  readonly onOwn: (error: unknown) => void
}

export class Leftovers {
  readonly #options: LeftoversOptions
  /** Producers whose transaction could not be ended. Each is logged once. */
  readonly #blocked = new Set<string>()
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
        this.#options.logger.debug(
          'the search for torn transactions failed; the pod repeats it',
          failureFields(error),
        )
      })
      .finally(() => {
        this.#isLooking = false
      })
  }

  async #settle(membership: Membership): Promise<void> {
    const { application, producer, log, writePlaces, enqueue, onOwn } = this.#options
    const found = (await log.leftovers?.(writePlaces)) ?? []
    for (const id of this.#blocked) if (!found.includes(id)) this.#blocked.delete(id)
    const reason = 'an earlier transaction of this pod has not ended everywhere'
    if (found.includes(producer)) enqueue(() => onOwn(new CaudalError('COMMIT_ABORTED', { reason })))
    const others = found.filter(id => id !== producer && id.startsWith(`${application}-`))
    if (others.length === 0) return
    const live = new Set([...(await membership.liveMembers())].map(podOf))
    const gone = others.filter(id => !live.has(id.slice(application.length + 1)))
    const neighbours = gone.length > 0 ? await this.#neighbours() : []
    for (const id of gone) if (!neighbours.some(name => id.startsWith(`${name}-`))) await this.#end(id)
  }

  async #end(id: string): Promise<void> {
    const { log, logger, writePlaces } = this.#options
    const fields = { producer: id }
    if (!this.#blocked.has(id)) logger.warn('this pod ends a torn transaction of a dead pod', fields)
    try {
      await log.fence(id, writePlaces)
    } catch (error) {
      const isPassing = hasCode(error, 'LOG_UNAVAILABLE')
      if (isPassing || this.#blocked.has(id)) return
      this.#blocked.add(id)
      logger.error('a transaction of a pod that is gone cannot be ended', {
        ...fields,
        ...failureFields(error),
      })
    }
  }

  /** Applications whose names begin with ours. Their producers' names begin like ours, but their pods are not ours. */
  async #neighbours(): Promise<readonly string[]> {
    const { application, log } = this.#options
    const topics = (await log.describeTopics()).filter(({ name }) => name.endsWith(TOPOLOGY_SUFFIX))
    const applications = topics.map(({ name }) => name.slice(0, -TOPOLOGY_SUFFIX.length))
    return applications.filter(name => name.startsWith(`${application}-`))
  }
}
