/** The topics of an embedded log and their partitions: loaded at the start, created by the writer. */
import { CaudalError } from '#engine/core/errors.ts'
import type { TopicPartition } from '#engine/core/record.ts'
import type { TopicSpec } from '#engine/log/log.ts'
import { nameOf, TOPIC_KEYS, topicKey } from './keys.ts'
import { Partition } from './partition.ts'
import type { Store } from './store.ts'
import type { Change } from './writer.ts'

interface Topic {
  readonly spec: TopicSpec
  readonly partitions: readonly Partition[]
}

/** What is stored of a topic under its name, as JSON. */
interface StoredTopic {
  readonly id: number
  readonly partitions: number
  readonly compacted: boolean
  readonly retentionMs: number | null
}

export class Topics {
  readonly #store: Store
  readonly #topics = new Map<string, Topic>()
  #nextId = 1

  /** Reads all topics from the store. */
  constructor(store: Store) {
    this.#store = store
    for (const { key, value } of store.range(TOPIC_KEYS)) {
      // Written by `create` below; the store has checked the format's version.
      const { id, partitions, compacted, retentionMs } = JSON.parse(value.toString()) as StoredTopic
      this.#add({ name: nameOf(key), partitions, compacted, retentionMs: retentionMs ?? undefined }, id)
    }
  }

  /** Throws TOPIC_MISSING, also for a partition that the topic does not have. */
  find(place: TopicPartition): Partition {
    const partition = this.#topics.get(place.topic)?.partitions[place.partition]
    if (partition) return partition
    const topic = this.#topics.has(place.topic) ? `${place.topic}/${place.partition}` : place.topic
    throw new CaudalError('TOPIC_MISSING', { topic })
  }

  /** Those that exist, of those named; all when none are named. */
  specs(names: readonly string[] = [...this.#topics.keys()]): readonly TopicSpec[] {
    return names.flatMap(name => this.#topics.get(name)?.spec ?? [])
  }

  *partitions(): Generator<Partition> {
    for (const topic of this.#topics.values()) yield* topic.partitions
  }

  /** Plans what is missing. Throws TOPIC_MISMATCH with every difference of what exists. */
  create(specs: readonly TopicSpec[]): Change<void> {
    const faults = specs.flatMap(spec => differences(spec, this.#topics.get(spec.name)?.spec))
    if (faults.length > 0) throw new CaudalError('TOPIC_MISMATCH', { faults: faults.join('\n') })
    const missing = new Map(specs.filter(spec => !this.#topics.has(spec.name)).map(spec => [spec.name, spec]))
    const added = [...missing.values()].map(spec => ({ spec, id: this.#nextId++ }))
    return {
      puts: added.map(({ spec: { name, partitions, compacted, retentionMs = null }, id }) => {
        const stored: StoredTopic = { id, partitions, compacted, retentionMs }
        return [topicKey(name), Buffer.from(JSON.stringify(stored))]
      }),
      committed: () => {
        for (const { spec, id } of added) this.#add(spec, id)
      },
    }
  }

  #add(given: TopicSpec, id: number): void {
    const { name, partitions, compacted, retentionMs } = given
    const spec = { name, partitions, compacted, retentionMs }
    const places = Array.from(
      { length: partitions },
      (_, index) => new Partition(this.#store, spec, id, index),
    )
    this.#topics.set(name, { spec, partitions: places })
    this.#nextId = Math.max(this.#nextId, id + 1)
  }
}

function differences(wanted: TopicSpec, found: TopicSpec | undefined): readonly string[] {
  if (!found) return []
  const properties = ['partitions', 'compacted', 'retentionMs'] as const
  return properties
    .filter(property => wanted[property] !== found[property])
    .map(property => `${wanted.name}: ${property} is ${found[property]}, wanted is ${wanted[property]}`)
}
