/** A log whose readers of one topic pause while the gate is closed, so that making the input is not timed. */
import type { TopicPartition } from '#core/record.ts'
import type {
  Bounds,
  Fetched,
  GroupOptions,
  Log,
  Membership,
  PartitionBatch,
  Producer,
  Reader,
  TopicDescription,
  TopicSpec,
} from '#engine/log/log.ts'

export class GatedLog implements Log {
  readonly recordBytesMax: number
  readonly #log: Log
  readonly #topic: string
  /** Resolves when the gate opens; undefined while it is open. */
  #shut: PromiseWithResolvers<void> | undefined

  constructor(log: Log, topic: string) {
    this.#log = log
    this.#topic = topic
    this.recordBytesMax = log.recordBytesMax
  }

  open(): void {
    this.#shut?.resolve()
    this.#shut = undefined
  }

  shut(): void {
    this.#shut ??= Promise.withResolvers()
  }

  openReader(place: TopicPartition, offset: number, topicId?: string): Reader {
    const reader = this.#log.openReader(place, offset, topicId)
    if (place.topic !== this.#topic) return reader
    return { next: recordsMax => this.#next(reader, recordsMax), close: () => reader.close() }
  }

  async #next(reader: Reader, recordsMax: number): Promise<Fetched> {
    const fetched = await reader.next(recordsMax)
    await this.#shut?.promise
    return fetched
  }

  createTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#log.createTopics(topics)
  }
  describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#log.describeTopics(names)
  }
  growTopic(name: string, partitions: number): Promise<void> {
    return this.#log.growTopic(name, partitions)
  }
  bounds(places: readonly TopicPartition[]): Promise<readonly Bounds[]> {
    return this.#log.bounds(places)
  }
  append(batches: readonly PartitionBatch[]): Promise<void> {
    return this.#log.append(batches)
  }
  trim(place: TopicPartition, beforeOffset: number): Promise<void> {
    return this.#log.trim(place, beforeOffset)
  }
  startProducer(transactionalId: string, writes?: readonly TopicPartition[]): Promise<Producer> {
    return this.#log.startProducer(transactionalId, writes)
  }
  fence(transactionalId: string, writes?: readonly TopicPartition[]): Promise<void> {
    return this.#log.fence(transactionalId, writes)
  }
  joinGroup(options: GroupOptions): Membership {
    return this.#log.joinGroup(options)
  }
  groupPositions(group: string, places: readonly TopicPartition[]) {
    return this.#log.groupPositions(group, places)
  }
  close(): Promise<void> {
    return this.#log.close()
  }
}
