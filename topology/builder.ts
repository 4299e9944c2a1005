/**
 * Declares a graph. Building stores values: nothing is checked, opened or run; `validateTopology` reports the faults of what
 * `build` returns, and types refuse most of them while writing.
 *
 * ```ts
 * const p = topology('answers')
 * const raw = p.source('datos_crudos', { value: RawEvent })
 * const requests = p.topic('llm.requests', { value: Request, key: request => request.id })
 * const failed = p.topic('llm.failed', { value: Request })
 * raw.process('ingest', ingest).to(requests)
 * requests.process('generate', generate, { endsBecause: 'each passage spends an attempt' })
 *   .on('again').delay({ tiers: ['1s', '30s'] }).to(requests)
 *   .on('gaveUp').to(failed)
 * const graph = p.build()
 * ```
 */
import type { Codec } from '#core/codec.ts'
import type { Codecs } from '#core/context.ts'
import type { Duration } from '#core/duration.ts'
import type { Operator } from '#core/operator.ts'
import { newDraft, place, snapshot } from './draft.ts'
import type { Origins, Processed, ProcessOptions, Readable, Source, Table, Topic } from './handles.ts'
import { PARTITIONS_DEFAULT } from './names.ts'
import { processedOf, streamOf } from './streams.ts'
import type { TopicNode, Topology } from './topology.ts'

/** Options of a topic that this graph writes. */
export interface TopicOptions<V> {
  /** The codec of the values. */
  readonly value: Codec<V>
  /** The key of a value written here; without it, the key of the record being processed is kept. */
  readonly key?: (value: NoInfer<V>) => string | null
  /** 8 when left out; a source has as many as its topic, where that exists. */
  readonly partitions?: number
  /** Records older than this are deleted; kept when left out. */
  readonly retention?: Duration
}

/** Options of a topic that others write. */
export interface SourceOptions<V> extends Omit<TopicOptions<V>, 'key'> {
  /** Promises that its writers send all records of a key to the partition that Kafka's default partitioner picks. */
  readonly partitionedByKey?: boolean
  /**
   * Promises that its writers set identities: two records with the same header `caudal-id` are one record, sent
   * twice. Otherwise the identity of a record is its topic, partition and offset, and the header is ignored.
   */
  readonly trustedIds?: boolean
  /**
   * Tasks of the stage that reads it; `partitions` must be a multiple. Task t of n reads the partitions t, t + n, t + 2n and
   * so on. As many as partitions when left out. When partitions are added to a source whose readers keep state by key,
   * declare the earlier number: each key then stays with its state.
   */
  readonly tasks?: number
}

/** Options of a compacted topic that every pod holds whole. */
export type TableOptions<V> = Omit<TopicOptions<V>, 'retention'>

/** Declares a graph, one call a part. Made by `topology`; `build` gives the graph. */
export interface TopologyBuilder {
  /** A topic written by others. */
  source<V>(name: string, options: SourceOptions<V>): Source<V>
  /** A topic written by this graph. */
  topic<V>(name: string, options: TopicOptions<V>): Topic<V>
  /** A compacted topic that every pod holds whole; operators read it with `ctx.table`. */
  table<V>(name: string, options: TableOptions<V>): Table<V>
  /** Places an operator with several inputs: for each, the stream or streams that it comes from. */
  process<I extends Codecs, O extends Codecs>(
    name: string,
    operator: Operator<I, O>,
    origins: Origins<NoInfer<I>>,
    options?: ProcessOptions,
  ): Processed<O>
  /** Deletes at start what an earlier version stored under `operator.state`. */
  dropState(name: string): TopologyBuilder
  /** Keeps what an earlier version stored, under a new `operator.state`. */
  renameState(from: string, to: string): TopologyBuilder
  /** The graph as declared so far, as plain data. */
  build(): Topology
}

/** Begins a graph. The name is that of the application: its consumer group, and the prefix of its internal topics. */
export function topology(name: string): TopologyBuilder {
  const draft = newDraft(name)
  const declare = <V>(
    kind: TopicNode['kind'],
    topic: string,
    options: TopicOptions<V> & SourceOptions<V>,
  ) => {
    draft.topics.push(topicNode(kind, topic, options))
    return { topic, key: options.key, codec: options.value }
  }
  const builder: TopologyBuilder = {
    source(topic, options) {
      declare('source', topic, options)
      return streamOf(draft, options.value, { kind: 'topic', topic })
    },
    topic(topic, options) {
      const target = declare('topic', topic, options)
      return { ...streamOf(draft, options.value, { kind: 'topic', topic }), ...target }
    },
    table: (topic, options) => declare('table', topic, options),
    process: (operatorName, operator, origins, options) =>
      processedOf(draft, place(draft, operatorName, operator, listed(origins), options), operator),
    dropState(state) {
      draft.droppedState.push(state)
      return builder
    },
    renameState(from, to) {
      draft.renamedState[from] = to
      return builder
    },
    build: () => snapshot(draft),
  }
  return builder
}

function topicNode<V>(
  kind: TopicNode['kind'],
  name: string,
  options: TopicOptions<V> & SourceOptions<V>,
): TopicNode {
  return {
    kind,
    name,
    codec: options.value,
    key: options.key as TopicNode['key'], // The runtime hands it values of this topic's codec only.
    partitions: options.partitions ?? PARTITIONS_DEFAULT,
    retention: options.retention,
    partitionedByKey: kind === 'source' ? (options.partitionedByKey ?? false) : true,
    ...(kind === 'source' && options.trustedIds ? { trustedIds: true } : {}),
    ...(kind === 'source' && options.partitions === undefined && { isFitted: true }),
    ...(options.tasks !== undefined && { tasks: options.tasks }),
  }
}

function listed(
  origins: Readonly<Record<string, Readable<unknown> | readonly Readable<unknown>[]>>,
): Readonly<Record<string, readonly Readable<unknown>[]>> {
  return Object.fromEntries(Object.entries(origins).map(([input, from]) => [input, [from].flat()]))
}
