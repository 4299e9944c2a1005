/** The graphs that are measured and the records that they are fed: events of about 300 bytes of JSON, some fields and a text. */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { type NewRecord, NO_HEADERS } from '#core/record.ts'
import { state } from '#core/state.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { type Topology, topology } from '#topology/index.ts'

export const PARTITIONS = 8
export const INPUT = 'events'
export const OUTPUT = 'results'

export interface Event {
  readonly id: number
  readonly user: string
  readonly at: number
  readonly amount: number
  readonly text: string
}

const event = codec.json<Event>('event')
const total = codec.json<number>('total')
const priced = codec.json<{ readonly user: string; readonly cents: number; readonly text: string }>('priced')

/** One value in, one value out. */
export function mapping(): Topology {
  const graph = topology('bench')
  const results = graph.topic(OUTPUT, { value: priced, partitions: PARTITIONS })
  graph
    .source(INPUT, { value: event, partitions: PARTITIONS, partitionedByKey: true })
    .map('price', priced, ({ user, amount, text }) => ({ user, cents: Math.round(amount * 100), text }))
    .to(results)
  return graph.build()
}

const count = operator({
  name: 'count',
  input: event,
  outputs: { counted: total },
  state: { total: state.value(total) },
  process(_, ctx) {
    const next = (ctx.state.total.get() ?? 0) + 1
    ctx.state.total.set(next)
    ctx.emit('counted', next)
  },
})

/** One state read, one state write and one output per record. */
export function counting(): Topology {
  const graph = topology('bench')
  const results = graph.topic(OUTPUT, { value: total, partitions: PARTITIONS })
  graph
    .source(INPUT, { value: event, partitions: PARTITIONS, partitionedByKey: true })
    .process('count', count)
    .on('counted')
    .to(results)
  return graph.build()
}

/** One call of a fixed length per record, at most so many at a time. */
export function calling(callMs: number, inFlightMax: number): Topology {
  const call = operator({
    name: 'call',
    input: event,
    outputs: { answered: total },
    limits: { inFlightMax },
    async process(record, ctx) {
      await new Promise(resolve => setTimeout(resolve, callMs))
      ctx.emit('answered', record.value.id)
    },
  })
  const graph = topology('bench')
  const results = graph.topic(OUTPUT, { value: total, partitions: PARTITIONS })
  graph
    .source(INPUT, { value: event, partitions: PARTITIONS, partitionedByKey: true })
    .process('call', call)
    .on('answered')
    .to(results)
  return graph.build()
}

/** Makes records in slices; the same ones in every run. */
export class Feed {
  readonly #keys: number
  readonly #text = 'The quick brown fox jumps over the lazy dog. '.repeat(5)
  #made = 0
  #random = 1

  /** Users to choose from, evenly; the first slice visits them one after the other. */
  constructor(keys: number) {
    this.#keys = keys
  }

  /** The next records, by partition. */
  slice(records: number): PartitionBatch[] {
    const partitions: NewRecord[][] = Array.from({ length: PARTITIONS }, () => [])
    for (let made = 0; made < records; made++) {
      const record = this.#record()
      partitions[partitionOf(record.key ?? new Uint8Array(), PARTITIONS)]?.push(record)
    }
    return partitions.map((each, partition) => ({ topic: INPUT, partition, records: each }))
  }

  #record(): NewRecord {
    const id = this.#made++
    const number = id < this.#keys ? id : this.#draw() % this.#keys
    const user = `user-${number.toString().padStart(7, '0')}`
    const made: Event = {
      id,
      user,
      at: 1_700_000_000_000 + id,
      amount: (id % 10_000) / 100,
      text: this.#text,
    }
    return {
      key: Buffer.from(user),
      value: Buffer.from(JSON.stringify(made)),
      headers: NO_HEADERS,
      timestamp: made.at,
    }
  }

  /** A linear congruential generator, modulo 2^32 (Numerical Recipes); the high bits are the random ones. */
  #draw(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#random / 2 ** 32) * this.#keys)
  }
}
