/** From graph to stages: the operators fused between two topics become one stage with one state topic. */
import type { TopicSpec } from '#engine/log/log.ts'
import type { OperatorNode, TopicNode } from './topology.ts'

export interface Plan {
  /** Application name. */
  readonly application: string
  readonly stages: readonly Stage[]
  /** All topics of the graph by name. */
  readonly topics: ReadonlyMap<string, TopicNode>
  /** Names of the tables that every pod holds whole. */
  readonly tables: readonly string[]
  /** Every topic that must exist, internal ones included, with the dead letters. */
  readonly topicSpecs: readonly TopicSpec[]
  readonly deadLetterTopic: string
  readonly droppedState: readonly string[]
  readonly renamedState: Readonly<Record<string, string>>
}

export interface Stage {
  /** The name of its first operator; `delay` for the stage of the delay tiers. */
  readonly name: string
  readonly partitions: number
  readonly stateTopic: string
  readonly sources: readonly StageSource[]
  /** Empty for the delay stage. */
  readonly operators: ReadonlyMap<string, OperatorNode>
  /** Tier topics and their waits, ascending; empty but for the delay stage. */
  readonly tiers: readonly { readonly topic: string; readonly waitMs: number }[]
}

export interface StageSource {
  readonly topic: string
  /** The operators of this stage that read the topic, each by the named input. */
  readonly readers: readonly { readonly operator: string; readonly input: string }[]
}

export const DELAY_STAGE = 'delay'

export const stateTopicOf = (application: string, stage: string): string => `${application}.${stage}.state`
export const deadLetterTopicOf = (application: string): string => `${application}.dead-letters`
/** `waitMs` in the unit that fits: `app.delay.500ms`, `.30s`, `.2m`, `.1h`. */
export function tierTopicOf(application: string, waitMs: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ]
  const unit = units.find(([, size]) => waitMs % size === 0)
  return `${application}.delay.${unit ? `${waitMs / unit[1]}${unit[0]}` : `${waitMs}ms`}`
}
