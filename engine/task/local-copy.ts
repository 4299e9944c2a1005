/**
 * The local copy of a task's state. It opens once the log has named the state topic; a topic that is missing is asked for again.
 * An earlier holder of the copy in this process closes it first.
 */
import { failureFields, hasCode } from '#core/errors.ts'
import { type TaskId, type TopicPartition, taskKey } from '#core/record.ts'
import { RETRIES, type RetryPolicy } from '#core/retry.ts'
import { isRefused } from '#engine/log/read-topic.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { Store, StoreFactory } from '#engine/state/store.ts'
import type { FoundSources } from './source-starts.ts'

export interface LocalCopyOptions {
  readonly id: TaskId
  readonly pod: PodContext
  readonly stores: StoreFactory
  /** Resolves when an earlier holder of the copy in this process has closed it. */
  readonly ready: Promise<void>
  readonly stateTopic: string
  readonly sourcePlaces: readonly TopicPartition[]
  /** The task is open. */
  readonly isWanted: () => boolean
  /** Called within a step of the pod. */
  readonly onOpened: (store: Store) => void
  readonly onFailed: (error: unknown) => void
}

export class LocalCopy {
  /** The topics as the log described them when the copy was opened. */
  found: FoundSources = { bounds: [], topics: new Map() }
  /** The copy holds entries that the topic does not, so closing it deletes it. */
  mustDiscard = false
  readonly whenClosed: Promise<void>
  readonly #closed: () => void
  readonly #options: LocalCopyOptions
  #store: Store | undefined
  #isReleased = false
  #isOpening = false
  /** It was logged that the topic is missing. */
  #isMissed = false

  constructor(options: LocalCopyOptions) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.whenClosed = promise
    this.#closed = resolve
    this.#options = options
  }

  /** The offset of the state topic up to which the copy has its entries. */
  get position(): number | undefined {
    return this.#store?.position
  }

  /** Number of entries. 0 once it is closed. */
  get size(): number {
    return this.#isReleased ? 0 : (this.#store?.size ?? 0)
  }

  /** What its entries take. 0 once it is closed. */
  get bytes(): number {
    return this.#isReleased ? 0 : (this.#store?.bytes ?? 0)
  }

  /** The state topic's identity. */
  get topicId(): string | undefined {
    return this.found.topics.get(this.#options.stateTopic)?.id
  }

  open(): void {
    const { pod, sourcePlaces, isWanted } = this.#options
    Promise.all([pod.log.bounds(sourcePlaces), pod.topics.look()]).then(
      ([bounds, topics]) =>
        pod.enqueue(() => {
          if (!isWanted()) return
          this.found = { bounds, topics }
          if (this.topicId === undefined) this.#openLater(RETRIES.openTask)
          else this.#openStore(this.topicId)
        }),
      error => pod.enqueue(() => this.#failed(error)),
    )
  }

  /** The task is closed. */
  close(): void {
    if (this.#store) this.#release(this.#store)
    else if (!this.#isOpening) this.#closed()
  }

  #openStore(topicId: string): void {
    const { id, pod, ready, stores } = this.#options
    this.#isOpening = true
    const opened = ready.then(() => stores.open({ ...id, application: pod.application, topicId }))
    opened.then(
      store => this.#arrived(store),
      error => this.#absent(error),
    )
  }

  /** Runs outside a step on purpose: the pod may have stopped, and the store must still be recorded so that `close` closes it. */
  #arrived(store: Store): void {
    const { pod, isWanted, onOpened } = this.#options
    if (!isWanted()) return this.#release(store)
    this.#store = store
    pod.enqueue(() => isWanted() && onOpened(store))
  }

  #absent(error: unknown): void {
    this.#isOpening = false
    if (!this.#options.isWanted()) return this.#closed()
    this.#options.pod.enqueue(() => this.#failed(error))
  }

  #failed(error: unknown): void {
    const { id, pod, isWanted, onFailed } = this.#options
    if (!isWanted()) return
    const isOfStore = hasCode(error, 'STORE_FAILED')
    if (!isOfStore && !hasCode(error, 'LOG_UNAVAILABLE')) {
      onFailed(error)
      if (isRefused(error)) this.#openLater(RETRIES.blockedOwnership)
      return
    }
    const level = isOfStore && !this.#isMissed ? 'warn' : 'debug'
    pod.logger[level]('a task waits before it opens', { task: taskKey(id), ...failureFields(error) })
    this.#isMissed = isOfStore
    this.#openLater(isOfStore ? RETRIES.localCopy : RETRIES.openTask)
  }

  #openLater({ firstMs }: RetryPolicy): void {
    const { pod, isWanted } = this.#options
    pod.system.after(firstMs, () => pod.enqueue(() => isWanted() && this.open()))
  }

  #release(store: Store): void {
    const { id, pod } = this.#options
    this.#isReleased = true
    const closed = this.mustDiscard ? store.discard() : store.close()
    const warn = (error: unknown) =>
      pod.logger.warn('a local copy was not closed', { task: taskKey(id), error: String(error) })
    closed.catch(warn).then(this.#closed)
  }
}
