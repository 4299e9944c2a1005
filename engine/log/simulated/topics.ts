/** The topics of the simulated cluster and their partitions. */
import { CaudalError } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { TopicDescription, TopicSpec } from '../log.ts'
import { Partition } from './partition.ts'

interface Topic {
  readonly description: TopicDescription
  readonly partitions: readonly Partition[]
}

export class Topics {
  readonly #topics = new Map<string, Topic>()
  readonly #system: System
  readonly #tombstoneRetentionMs: number
  #made = 0

  constructor(system: System, tombstoneRetentionMs: number) {
    this.#system = system
    this.#tombstoneRetentionMs = tombstoneRetentionMs
  }

  /** Creates what is missing; nothing at all when an existing topic differs. */
  create(specs: readonly TopicSpec[]): void {
    const faults = specs.flatMap(spec => differences(spec, this.#topics.get(spec.name)?.description))
    if (faults.length > 0) throw new CaudalError('TOPIC_MISMATCH', { faults: faults.join('\n') })
    for (const spec of specs)
      if (!this.#topics.has(spec.name)) this.#topics.set(spec.name, this.#newTopic(spec))
  }

  grow(name: string, partitions: number): void {
    const grown = [...this.partitionsOf(name)]
    for (let partition = grown.length; partition < partitions; partition++)
      grown.push(new Partition({ topic: name, partition }, this.#system))
    const description = this.#topics.get(name)?.description
    if (description)
      this.#topics.set(name, { description: { ...description, partitions: grown.length }, partitions: grown })
  }

  /** Deletes a topic with all that is in it, and wakes the readers that wait for its records. */
  delete(name: string): void {
    const partitions = this.partitionsOf(name)
    this.#topics.delete(name)
    for (const partition of partitions) partition.moved()
  }

  /** The id of the topic that has the name now. */
  idOf(name: string): string | undefined {
    return this.#topics.get(name)?.description.id
  }

  describe(names?: readonly string[]): readonly TopicDescription[] {
    return (names ?? [...this.#topics.keys()]).flatMap(name => this.#topics.get(name)?.description ?? [])
  }

  partitionsOf(name: string): readonly Partition[] {
    const topic = this.#topics.get(name)
    if (topic === undefined) throw new CaudalError('TOPIC_MISSING', { topic: name })
    return topic.partitions
  }

  partition(place: TopicPartition): Partition {
    const partition = this.partitionsOf(place.topic)[place.partition]
    if (partition === undefined) {
      throw new CaudalError('TOPIC_MISSING', { topic: `${place.topic}/${place.partition}` })
    }
    return partition
  }

  /** Some partition holds a transaction of the producer open. */
  haveOpen(producerId: number): boolean {
    const all = [...this.#topics.values()].flatMap(({ partitions }) => partitions)
    return all.some(({ openTransactions }) => openTransactions.has(producerId))
  }

  /** What the cluster's cleaner does in the background: compaction and retention, once. */
  clean(): void {
    const now = this.#system.now()
    for (const { description: spec, partitions } of this.#topics.values()) {
      for (const partition of partitions) {
        if (spec.compacted) partition.compact(now - this.#tombstoneRetentionMs)
        if (spec.retentionMs !== undefined) partition.expire(now - spec.retentionMs)
      }
    }
  }

  #newTopic({ name, partitions: count, compacted, retentionMs }: TopicSpec): Topic {
    const partitions = Array.from({ length: count }, (_, partition) => {
      return new Partition({ topic: name, partition }, this.#system)
    })
    const id = `${name}#${++this.#made}`
    return { description: { name, id, partitions: count, compacted, retentionMs }, partitions }
  }
}

function differences(wanted: TopicSpec, existing: TopicSpec | undefined): readonly string[] {
  if (existing === undefined) return []
  const names = ['partitions', 'compacted', 'retentionMs'] as const
  return names
    .filter(name => wanted[name] !== existing[name])
    .map(name => `${wanted.name}: ${name} is ${existing[name]}, wanted ${wanted[name]}`)
}
