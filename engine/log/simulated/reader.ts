/** A client's reader of one partition: a fetch that waits at the broker until the stable end moves. */
import { CaudalError, invariant } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import type { Fetched, Reader } from '../log.ts'
import type { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import type { Partition } from './partition.ts'

export class SimulatedReader implements Reader {
  readonly #cluster: Cluster
  readonly #connection: Connection
  readonly #place: TopicPartition
  readonly #onClose: () => void
  #offset: number
  /** The topic that is meant, once that is known. */
  #topicId: string | undefined
  #isClosed = false
  /** Rejects the call that waits. */
  #reject: ((error: unknown) => void) | undefined

  constructor(
    cluster: Cluster,
    connection: Connection,
    place: TopicPartition,
    { offset, topicId }: { readonly offset: number; readonly topicId: string | undefined },
    onClose: () => void,
  ) {
    this.#cluster = cluster
    this.#connection = connection
    this.#place = place
    this.#offset = offset
    this.#topicId = topicId
    this.#onClose = onClose
  }

  next(recordsMax: number): Promise<Fetched> {
    if (this.#isClosed) return Promise.reject(new CaudalError('LOG_CLOSED'))
    invariant(this.#reject === undefined, 'one fetch of a reader at a time')
    return new Promise((resolve, reject) => {
      this.#reject = reject
      this.#fetch(recordsMax).then(
        fetched => {
          this.#reject = undefined
          this.#offset = fetched.nextOffset
          resolve(fetched)
        },
        error => {
          this.#reject = undefined
          reject(error)
        },
      )
    })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#reject?.(new CaudalError('LOG_CLOSED'))
    this.#onClose()
  }

  #fetch(recordsMax: number): Promise<Fetched> {
    const { network } = this.#cluster
    const offset = this.#offset
    return this.#connection.call('fetch', (answer, refuse) => {
      const read = () => {
        const partition = this.#find()
        const fetched = partition.read(offset, network.fetchMax(recordsMax))
        if (fetched.nextOffset > offset) answer(fetched)
        else partition.whenMoved(readLater)
      }
      const readLater = () => {
        if (this.#isClosed) return
        try {
          read()
        } catch (error) {
          refuse(error)
        }
      }
      read()
    })
  }

  #find(): Partition {
    const { topics } = this.#cluster
    const { topic } = this.#place
    const partition = topics.partition(this.#place)
    const found = topics.idOf(topic)
    this.#topicId ??= found
    if (found === this.#topicId) return partition
    throw new CaudalError('TOPIC_REPLACED', { topic, known: this.#topicId, found })
  }
}
