/**
 * Watches partitions that this process writes and may never read, such as those of sinks. A transaction that does not end
 * there would hold back readers elsewhere, and nothing would be logged.
 */
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import type { Undecided } from './undecided.ts'
import { byTopic } from './wire.ts'

/** Looks within the time after which a halt is logged. */
const LOOKS = 4
const END = -1
const READ_ALL = 0
const READ_COMMITTED = 1

export class Watch {
  readonly #network: Network
  readonly #settings: KafkaSettings
  readonly #undecided: Undecided
  readonly #places = new Map<string, TopicPartition>()
  #cancel: (() => void) | undefined
  #closed = false

  constructor(network: Network, settings: KafkaSettings, undecided: Undecided) {
    this.#network = network
    this.#settings = settings
    this.#undecided = undecided
  }

  add(places: readonly TopicPartition[]): void {
    for (const place of places) this.#places.set(partitionKey(place), place)
    if (this.#places.size > 0) this.#next()
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  #next(): void {
    if (this.#closed || this.#cancel) return
    const { system, undecidedMaxMs } = this.#settings
    this.#cancel = system.after(undecidedMaxMs / LOOKS, () => {
      const next = () => {
        this.#cancel = undefined
        this.#next()
      }
      // The producer that writes there reports brokers that do not answer.
      this.#look().then(next, next)
    })
  }

  async #look(): Promise<void> {
    const { leaders } = await this.#network.locate([...this.#places.values()])
    for (const [node, places] of leaders) {
      // The stable end first: what is decided by then lies before it, however fast it grows.
      const stable = await this.#endsAt(node, places, READ_COMMITTED)
      const ends = await this.#endsAt(node, places, READ_ALL)
      for (const place of places) {
        const key = partitionKey(place)
        this.#undecided.seen(place, ends.get(key) ?? 0, stable.get(key) ?? 0)
      }
    }
  }

  async #endsAt(
    node: number,
    places: readonly TopicPartition[],
    isolationLevel: 0 | 1,
  ): Promise<ReadonlyMap<string, number>> {
    const topics = byTopic(
      places,
      place => place.topic,
      ({ partition }) => ({ partition, timestamp: END }) as const,
    )
    const request = { replicaId: -1, isolationLevel, topics } as const
    const { responses } = await this.#network.ask(node, broker => broker.listOffsets(request))
    const ends = responses.flatMap(({ topic, partitions }) =>
      partitions.map(each => [partitionKey({ topic, ...each }), Number(each.offset)] as const),
    )
    return new Map(ends)
  }
}
