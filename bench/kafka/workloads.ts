/** What the benchmarks on Kafka run: topologies, their input, and how a run is measured. */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import type { Log } from '#engine/log/log.ts'
import { topology } from '#topology/index.ts'

export const PARTITIONS = 8
const KEYS = 10_000
const PADDING = 'x'.repeat(260)

/** Records done in a time, after the first ones: neither the start of the process nor its joining counts. */
export interface Steady {
  readonly records: number
  readonly ms: number
}

export interface CountTopics {
  readonly input: string
  readonly output: string
  readonly changelog: string
}

interface Event {
  readonly n: number
  readonly padding: string
}
const EventJson = codec.json<Event>('event')
const CountJson = codec.json<number>('count')

export function countTopology(name: string, topics: CountTopics) {
  const count = operator({
    name: 'count',
    input: EventJson,
    outputs: { counted: CountJson },
    state: { total: state.value(CountJson) },
    process(_, ctx) {
      const total = (ctx.state.total.get() ?? 0) + 1
      ctx.state.total.set(total)
      ctx.emit('counted', total)
    },
  })
  const t = topology(name)
  const events = t.source(topics.input, { value: EventJson, partitions: PARTITIONS, partitionedByKey: true })
  events.process('count', count).to(t.topic(topics.output, { value: CountJson, partitions: PARTITIONS }))
  return t.build()
}

/** Writes the input: records of about 300 bytes, each key always to the same partition. */
export async function feedCount(log: Log, topic: string, total: number): Promise<void> {
  const slice = 2_000
  for (let n = 0; n < total; n += slice * PARTITIONS) {
    await log.append(
      Array.from({ length: PARTITIONS }, (_, partition) => ({
        topic,
        partition,
        records: recordsOf(partition, n, slice),
      })),
    )
  }
}

function recordsOf(partition: number, from: number, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const n = from + index
    const key = `key-${partition + PARTITIONS * ((n * 7_919) % (KEYS / PARTITIONS))}`
    return {
      key: Buffer.from(key),
      value: EventJson.encode({ n, padding: PADDING }),
      headers: {},
      timestamp: Date.now(),
    }
  })
}
