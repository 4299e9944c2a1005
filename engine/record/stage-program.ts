/** A program: a stage made ready to run. The routes of its operators are resolved to outlets and to each other. */

import { durationMs } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'
import type { Limits } from '#core/limits.ts'
import type { BatchOperator, Operator, RecordOperator } from '#core/operator.ts'
import type { StageMetrics } from '#core/pod-metrics.ts'
import type { StateDeclarations } from '#core/state.ts'
import type { System } from '#core/system.ts'
import type { Outlet, Outlets } from '#engine/commit/outlets.ts'
import { type Plan, type Stage, tierTopicOf } from '#topology/plan.ts'
import type { Route, TopicNode } from '#topology/topology.ts'
import { Batcher } from './batcher.ts'

export type ProgramRoute =
  | { readonly kind: 'topic'; readonly outlet: Outlet; readonly tiers: readonly Tier[] }
  | { readonly kind: 'operator'; readonly node: ProgramNode; readonly input: string }

/** One delay tier as a target. Lists of tiers ascend by wait. */
export interface Tier {
  readonly waitMs: number
  readonly outlet: Outlet
}

interface NodeFields {
  readonly name: string
  readonly stateful: boolean
  /** The operator keeps state under the key, or makes paid calls for it. */
  readonly needsKeyText: boolean
  readonly timeoutMs: number
  readonly routes: ReadonlyMap<string, readonly ProgramRoute[]>
}

/** An operator at its place in the graph. A batch operator has the batcher that gathers its records. */
export type ProgramNode = NodeFields &
  (
    | { readonly operator: RecordOperator; readonly batcher: undefined }
    | { readonly operator: BatchOperator; readonly batcher: Batcher }
  )

/** The first operators that a record of one source topic reaches. */
export interface Entry {
  readonly node: ProgramNode
  readonly input: string
}

export interface StageProgram {
  readonly stage: Stage
  readonly nodes: ReadonlyMap<string, ProgramNode>
  /** By source topic. */
  readonly entries: ReadonlyMap<string, readonly Entry[]>
  /** Topics of outsiders, whose headers are not trusted with identities. */
  readonly outsiders: ReadonlySet<string>
  readonly stateOutlet: Outlet
  /** An operator of the stage pays for calls. */
  readonly buys: boolean
  readonly inFlightMax: number
  /** The longest time that a record may run. A hand-over waits that long. */
  readonly timeoutMs: number
  /** Tiers, ascending by wait. Empty in every stage but that of the delays. */
  readonly tiers: readonly Tier[]
  /** Figures of all tasks of the stage in this pod. Jobs in progress are counted only here. */
  readonly metrics: StageMetrics
}

export function compileStage(
  plan: Plan,
  stage: Stage,
  outlets: Outlets,
  limits: Limits,
  system: System,
  metrics: StageMetrics,
): StageProgram {
  const nodes = nodesOf(stage, limits, system)
  for (const { name, routes } of stage.operators.values()) {
    const resolved = nodes.get(name)?.routes as Map<string, ProgramRoute[]> // Only this function fills the map.
    for (const [output, targets] of Object.entries(routes)) {
      resolved.set(
        output,
        targets.map(route => resolve(plan, route, nodes, outlets)),
      )
    }
  }
  const entries = new Map(
    stage.sources.map(({ topic, readers }) => [
      topic,
      readers.map(({ operator, input }) => ({ node: nodeOf(nodes, operator), input })),
    ]),
  )
  const buys = [...nodes.values()].some(({ operator }) => Object.keys(operator.steps).length > 0)
  const outsiders = new Set([...plan.topics.values()].filter(isOutsider).map(({ name }) => name))
  const inFlightMax = Math.min(limits.inFlightMax, ...bounds(stage, operator => operator.limits.inFlightMax))
  const timeoutMs = Math.max(0, ...[...nodes.values()].map(node => node.timeoutMs))
  const tiers = stage.tiers.map(({ topic, waitMs }) => ({ waitMs, outlet: outlets.of(topic) }))
  const stateOutlet = outlets.of(stage.stateTopic)
  return { stage, nodes, entries, outsiders, stateOutlet, buys, inFlightMax, timeoutMs, tiers, metrics }
}

/** The operators of a stage, their routes still empty. */
function nodesOf(stage: Stage, limits: Limits, system: System): Map<string, ProgramNode> {
  const nodes = new Map<string, ProgramNode>()
  for (const { name, operator } of stage.operators.values()) {
    const stateful = Object.keys(operator.state).length > 0 || operator.timers.length > 0
    const needsKeyText = stateful || Object.keys(operator.steps).length > 0
    const timeoutMs = durationMs(operator.limits.timeout ?? limits.timeoutMs)
    const fields = { name, stateful, needsKeyText, timeoutMs, routes: new Map() }
    const ran =
      operator.kind === 'batch'
        ? { operator, batcher: new Batcher(operator, system) }
        : { operator, batcher: undefined }
    nodes.set(name, { ...fields, ...ran })
  }
  return nodes
}

function isOutsider({ kind, trustedIds }: TopicNode): boolean {
  return kind === 'source' && trustedIds !== true
}

function resolve(
  plan: Plan,
  route: Route,
  nodes: ReadonlyMap<string, ProgramNode>,
  outlets: Outlets,
): ProgramRoute {
  if (route.kind === 'operator')
    return { kind: 'operator', node: nodeOf(nodes, route.operator), input: route.input }
  const waits = route.delay?.tiers.map(durationMs) ?? []
  const tiers = waits.map(waitMs => ({ waitMs, outlet: outlets.of(tierTopicOf(plan.application, waitMs)) }))
  return { kind: 'topic', outlet: outlets.of(route.topic), tiers }
}

function nodeOf(nodes: ReadonlyMap<string, ProgramNode>, name: string): ProgramNode {
  const node = nodes.get(name)
  if (!node) throw new CaudalError('INTERNAL', { reason: `operator ${name} is not in its stage` })
  return node
}

function bounds(stage: Stage, pick: (operator: Operator) => number | undefined): number[] {
  return [...stage.operators.values()].map(({ operator }) => pick(operator) ?? Number.POSITIVE_INFINITY)
}

/** The state of each of its operators. */
export function declarationsOf({ nodes }: StageProgram): ReadonlyMap<string, StateDeclarations> {
  return new Map([...nodes].map(([name, { operator }]) => [name, operator.state]))
}
