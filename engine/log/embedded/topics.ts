/** The topics of an embedded log and their partitions: loaded at the start, created by the writer. */
import { CaudalError } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import type { TopicDescription, TopicSpec } from '#engine/log/log.ts'
import { nameOf, TOPIC_KEYS, topicKey } from './keys.ts'
import { Partition } from './partition.ts'
import type { Put, Store } from './store.ts'
import type { Change } from './writer.ts'

interface Topic {
  readonly description: TopicDescription
  /** Stands for the topic in keys of the store. */
  readonly number: number
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
  readonly #identity: string
  readonly #topics = new Map<string, Topic>()
  #nextId = 1

  /** Reads all topics from the store; `identity` tells its log from any other. */
  constructor(store: Store, identity: string) {
    this.#store = store
    this.#identity = identity
    for (const { key, value } of store.range(TOPIC_KEYS)) {
      // Written by `create` below; the store has checked the format's version.
      const { id, partitions, compacted, retentionMs } = JSON.parse(value.toString()) as StoredTopic
      this.#add({ name: nameOf(key), partitions, compacted, retentionMs: retentionMs ?? undefined }, id)
    }
  }

  /** Throws TOPIC_MISSING, also for a partition that the topic does not have; TOPIC_REPLACED when another one is meant. */
  find(place: TopicPartition, known?: string): Partition {
    const { topic: name } = place
    const found = this.#topics.get(name)
    const id = found?.description.id
    if (id !== undefined && known !== undefined && id !== known)
      throw new CaudalError('TOPIC_REPLACED', { topic: name, known, found: id })
    const partition = found?.partitions[place.partition]
    if (partition) return partition
    const topic = this.#topics.has(place.topic) ? `${place.topic}/${place.partition}` : place.topic
    throw new CaudalError('TOPIC_MISSING', { topic })
  }

  /** Those that exist, of those named; all when none are named. */
  describe(names: readonly string[] = [...this.#topics.keys()]): readonly TopicDescription[] {
    return names.flatMap(name => this.#topics.get(name)?.description ?? [])
  }

  *partitions(): Generator<Partition> {
    for (const topic of this.#topics.values()) yield* topic.partitions
  }

  /** Plans what is missing. Throws TOPIC_MISMATCH with every difference of what exists. */
  create(specs: readonly TopicSpec[]): Change<void> {
    const faults = specs.flatMap(spec => differences(spec, this.#topics.get(spec.name)?.description))
    if (faults.length > 0) throw new CaudalError('TOPIC_MISMATCH', { faults: faults.join('\n') })
    const missing = new Map(specs.filter(spec => !this.#topics.has(spec.name)).map(spec => [spec.name, spec]))
    const added = [...missing.values()].map(spec => ({ spec, id: this.#nextId++ }))
    return {
      puts: added.map(({ spec, id }) => stored(spec, id)),
      committed: () => {
        for (const { spec, id } of added) this.#add(spec, id)
      },
    }
  }

  /** Plans the partitions that a topic lacks. */
  grow(name: string, partitions: number): Change<void> {
    const topic = this.#topics.get(name)
    if (!topic) throw new CaudalError('TOPIC_MISSING', { topic: name })
    const spec = { ...topic.description, partitions: Math.max(partitions, topic.partitions.length) }
    return {
      puts: [stored(spec, topic.number)],
      committed: () => this.#topics.set(name, this.#topic(spec, topic.number, topic.partitions)),
    }
  }

  #add(spec: TopicSpec, number: number): void {
    this.#topics.set(spec.name, this.#topic(spec, number, []))
    this.#nextId = Math.max(this.#nextId, number + 1)
  }

  /** Numbers are never used again, so with the log's identity they say which topic it is. */
  #topic(given: TopicSpec, number: number, before: readonly Partition[]): Topic {
    const { name, partitions: count, compacted, retentionMs } = given
    const id = `${this.#identity}-${number}`
    const description = { name, id, partitions: count, compacted, retentionMs }
    const partitions = Array.from(
      { length: count },
      (_, index) => before[index] ?? new Partition(this.#store, description, number, index),
    )
    return { description, number, partitions }
  }
}

function stored(spec: TopicSpec, id: number): Put {
  const { name, partitions, compacted, retentionMs } = spec
  const topic: StoredTopic = { id, partitions, compacted, retentionMs: retentionMs ?? null }
  return [topicKey(name), Buffer.from(JSON.stringify(topic))]
}

function differences(wanted: TopicSpec, found: TopicSpec | undefined): readonly string[] {
  if (!found) return []
  const properties = ['partitions', 'compacted', 'retentionMs'] as const
  return properties
    .filter(property => wanted[property] !== found[property])
    .map(
      property =>
        `${wanted.name}: ${property} is ${found[property] ?? 'none'}, the graph declares ${wanted[property] ?? 'none'}`,
    )
}
