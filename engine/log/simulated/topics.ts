/** The topics of the simulated cluster and their partitions. */
import { CaudalError } from '#engine/core/errors.ts'
import type { TopicPartition } from '#engine/core/record.ts'
import type { System } from '#engine/core/system.ts'
import type { TopicSpec } from '../log.ts'
import { Partition } from './partition.ts'

interface Topic {
  readonly spec: TopicSpec
  readonly partitions: readonly Partition[]
}

export class Topics {
  readonly #topics = new Map<string, Topic>()
  readonly #system: System

  constructor(system: System) {
    this.#system = system
  }

  /** Creates what is missing; nothing at all when an existing topic differs. */
  create(specs: readonly TopicSpec[]): void {
    const faults = specs.flatMap(spec => differences(spec, this.#topics.get(spec.name)?.spec))
    if (faults.length > 0) throw new CaudalError('TOPIC_MISMATCH', { faults: faults.join('\n') })
    for (const spec of specs)
      if (!this.#topics.has(spec.name)) this.#topics.set(spec.name, newTopic(spec, this.#system))
  }

  describe(names?: readonly string[]): readonly TopicSpec[] {
    return (names ?? [...this.#topics.keys()]).flatMap(name => this.#topics.get(name)?.spec ?? [])
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

  /** What the cluster's cleaner does in the background: compaction and retention, once. */
  clean(): void {
    const now = this.#system.now()
    for (const { spec, partitions } of this.#topics.values()) {
      for (const partition of partitions) {
        if (spec.compacted) partition.compact()
        if (spec.retentionMs !== undefined) partition.expire(now - spec.retentionMs)
      }
    }
  }
}

function newTopic(spec: TopicSpec, system: System): Topic {
  const partitions = Array.from({ length: spec.partitions }, (_, partition) => {
    return new Partition({ topic: spec.name, partition }, system)
  })
  return { spec, partitions }
}

function differences(wanted: TopicSpec, existing: TopicSpec | undefined): readonly string[] {
  if (existing === undefined) return []
  const names = ['partitions', 'compacted', 'retentionMs'] as const
  return names
    .filter(name => wanted[name] !== existing[name])
    .map(name => `${wanted.name}: ${name} is ${existing[name]}, wanted ${wanted[name]}`)
}
