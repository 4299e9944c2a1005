/** The declared graph as plain data, with durations as they were written: what the builder makes, and what validation, planning, explain and comparison read. */
import type { Codec } from '#core/codec.ts'
import type { Duration } from '#core/duration.ts'
import type { Operator } from '#core/operator.ts'

/** A declared graph. Made by `build` of the builder; `validateTopology` lists its faults. */
export interface Topology {
  /** Application name: prefix of internal topics and identity of the consumer group. */
  readonly name: string
  /** The topics of the graph. */
  readonly topics: readonly TopicNode[]
  /** The operators of the graph, with their routes. */
  readonly operators: readonly OperatorNode[]
  /** State that is meant to be gone: `operator.state` names of earlier versions whose entries are deleted at start. */
  readonly droppedState: readonly string[]
  /** Earlier `operator.state` name to its new one. */
  readonly renamedState: Readonly<Record<string, string>>
}

/**
 * - `source`: written by others; its partitioning is trusted only when `partitionedByKey` says so
 * - `topic`: written by this topology (others may write to it too, by the same key)
 * - `table`: compacted, held whole by every pod
 */
export interface TopicNode {
  readonly kind: 'source' | 'topic' | 'table'
  readonly name: string
  readonly codec: Codec<unknown>
  /** Key of a value emitted to it; without it the emitting record's key is kept. */
  readonly key: ((value: unknown) => string | null) | undefined
  readonly partitions: number
  /** A source that declared no number has as many as the log says, where its topic exists. */
  readonly isFitted?: true
  /** Tasks of the stage that reads it; as many as partitions when left out. */
  readonly tasks?: number
  readonly retention: Duration | undefined
  readonly partitionedByKey: boolean
  /** Of a source: the header `caudal-id` of its records is their identity. */
  readonly trustedIds?: boolean
}

/** An operator at its place in the graph. */
export interface OperatorNode {
  /** Unique in the graph; identity of its state and timers across versions. */
  readonly name: string
  readonly operator: Operator
  /** Input name to where it comes from; several origins of one input are merged. */
  readonly inputs: Readonly<Record<string, readonly Origin[]>>
  /** Output name to its targets; several targets each get every record, an empty list discards the output. */
  readonly routes: Readonly<Record<string, readonly Route[]>>
  /** Where it is on a loop: why no record goes round for ever, as its author says. */
  readonly endsBecause: string | undefined
  /** Name of the stage that it is part of, where it is not to be that of the stage's first operator. */
  readonly stage: string | undefined
}

/** Where records of an input come from: a topic, or an output of an operator of the same stage or another one. */
export type Origin =
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'operator'; readonly operator: string; readonly output: string }

/** Where records of an output go: into a topic, perhaps after a delay, or to an input of another operator. */
export type Route =
  | { readonly kind: 'topic'; readonly topic: string; readonly delay: Delay | undefined }
  | { readonly kind: 'operator'; readonly operator: string; readonly input: string }

/** Waiting on the way to a topic, served by tiers of equal waits. */
export interface Delay {
  /** Ascending, as written. */
  readonly tiers: readonly Duration[]
}
