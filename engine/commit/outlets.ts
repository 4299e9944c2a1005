/** Where effects leave a pod: one outlet per topic, one slot per partition, shared by all tasks of the pod. */
import { encodeApart } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { NewRecord } from '#core/record.ts'
import type { TopicSpec } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import type { Plan } from '#topology/plan.ts'
import type { TopicNode } from '#topology/topology.ts'

/** One partition of an outlet. The committer uses `records` as scratch space while it gathers one transaction. */
export interface Slot {
  readonly topic: string
  readonly partition: number
  records: NewRecord[]
}

/** One topic, with what is needed to write to it. */
export interface Outlet {
  readonly topic: string
  readonly slots: readonly Slot[]
  /** Absent for internal topics, whose bytes are made elsewhere. */
  readonly node: TopicNode | undefined
  /** The largest record that the topic takes, and the name of the topic's setting if the topic has one. */
  limit: { readonly bytes: number; readonly setting?: string }
}

export interface Output {
  readonly slot: Slot
  readonly record: NewRecord
}

/** All outlets of a plan by topic name. */
export class Outlets {
  readonly #outlets = new Map<string, Outlet>()

  constructor(plan: Plan, recordBytesMax: number) {
    for (const { name, partitions } of plan.topicSpecs) {
      const slots = Array.from({ length: partitions }, (_, partition) => ({
        topic: name,
        partition,
        records: [],
      }))
      const limit = { bytes: recordBytesMax }
      this.#outlets.set(name, { topic: name, slots, node: plan.topics.get(name), limit })
    }
  }

  /** Lowers the limits of outlets to those of their topics in the log. */
  describe(topics: readonly TopicSpec[]): void {
    for (const { name, recordLimit } of topics) {
      const outlet = this.find(name)
      if (outlet && recordLimit && recordLimit.bytes < outlet.limit.bytes) outlet.limit = recordLimit
    }
  }

  /** The outlet of a topic, unless the plan does not have it. */
  find(topic: string): Outlet | undefined {
    return this.#outlets.get(topic)
  }

  /** The outlet of a topic of the plan. */
  of(topic: string): Outlet {
    const outlet = this.find(topic)
    if (!outlet) throw new CaudalError('INTERNAL', { reason: `topic ${topic} is not in the plan` })
    return outlet
  }

  /** Encodes a value for a topic; errors name the emitting node. */
  encode(outlet: Outlet, node: string, value: unknown): Uint8Array {
    const codec = outlet.node?.codec
    if (!codec) throw new CaudalError('INTERNAL', { reason: `topic ${outlet.topic} has no codec` })
    try {
      return encodeApart(codec, value)
    } catch (error) {
      const details = { node, target: outlet.topic, codec: codec.name, reason: reasonOf(error) }
      throw new CaudalError('ENCODE_FAILED', details, error)
    }
  }

  /** Puts a record into a partition: by its key, or by `spread` (the record's id) if it has no key. */
  place(outlet: Outlet, node: string, record: NewRecord, spread: string): Slot {
    this.#checkSize(outlet, node, record)
    const slot = outlet.slots[partitionOf(record.key ?? Buffer.from(spread), outlet.slots.length)]
    if (!slot) throw new CaudalError('INTERNAL', { reason: `topic ${outlet.topic} has no partitions` })
    return slot
  }

  #checkSize(outlet: Outlet, node: string, record: NewRecord): void {
    let size = (record.key?.length ?? 0) + (record.value?.length ?? 0)
    for (const name in record.headers) size += name.length + (record.headers[name]?.length ?? 0)
    const { bytes: limit, setting } = outlet.limit
    if (size <= limit) return
    const target = setting === undefined ? outlet.topic : `${outlet.topic} (by its ${setting})`
    throw new CaudalError('RECORD_TOO_LARGE', { node, target, limit, size })
  }
}
