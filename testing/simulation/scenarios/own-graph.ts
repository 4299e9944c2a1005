/**
 * Any graph under faults. One fleet of pods runs the graph while faults hit it. Another fleet reads the same records without faults.
 * Both must leave the same records and the same state behind.
 *
 * That holds for operators whose outputs follow from their records and their state. Outputs may also depend on the time, on chance,
 * or on which of two topics was read first. Such a difference is reported like a fault.
 */
import { asShown } from '#core/codec.ts'
import type { TopicHandle } from '#engine/client/topic-client.ts'
import { nodeOf } from '#engine/client/topic-client.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { unframe } from '#engine/state/frame.ts'
import { type Plan, plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'
import type { Random } from '../../seeded-random.ts'
import { podsHeld } from '../checks/outcomes.ts'
import type { Evidence } from '../evidence.ts'
import { FAULT_TABLE } from '../faults/fault-table.ts'
import { runSeed, type SeedOptions, type Verdict } from '../run-seed.ts'
import { type Input, type Scenario, type Shape, STANDARD_SHAPE } from '../scenario.ts'

/** What goes into the sources of a graph. */
export interface GraphInput {
  readonly source: TopicHandle<unknown> | string
  readonly key: string
  readonly value: unknown
}

export interface GraphRun {
  readonly graph: Topology
  /** Each goes in once, at a time that is drawn. */
  readonly inputs: readonly GraphInput[]
  readonly seed: number
  readonly verbose?: boolean
}

/** The run is over if nothing was written for so many looks, a second apart. That is longer than a take-over. */
const QUIET_LOOKS = 15
/** Between two records of a partition, so that none overtakes another. */
const GAP_MS = 10

/** Runs the graph with and without faults, and complains about each difference. */
export async function runGraph({ graph, inputs, seed, verbose = false }: GraphRun): Promise<Verdict> {
  const planned = plan(graph)
  const shape = { ...STANDARD_SHAPE, records: inputs.length }
  const hit = await watched(
    scenarioOf(graph, shape, random => drawn(planned, inputs, random, shape)),
    {
      seed,
      kinds: FAULT_TABLE,
      verbose,
    },
  )
  const { evidence, verdict } = hit
  if (!evidence) return verdict
  const repeated = recordedIn(planned, evidence)
  const spreadMs = Math.max(shape.spreadMs, ...repeated.map(({ atMs }) => atMs))
  const calm = await watched(
    scenarioOf(graph, { ...shape, spreadMs }, () => repeated),
    { seed, kinds: [] },
  )
  const differences = calm.evidence ? differencesOf(planned, calm.evidence, evidence) : []
  const complaints = [...verdict.complaints, ...calm.verdict.complaints, ...differences]
  return { ...verdict, complaints }
}

async function watched(scenario: Scenario, options: Omit<SeedOptions, 'scenario'>) {
  let evidence: Evidence | undefined
  const keep = (each: Evidence) => {
    evidence = each
    return []
  }
  const verdict = await runSeed({ ...options, scenario, checks: [keep] })
  return { verdict, evidence }
}

function scenarioOf(graph: Topology, shape: Shape, inputs: (random: Random) => readonly Input[]): Scenario {
  let before = -1
  let quiet = 0
  return {
    name: graph.name,
    shape,
    graph: () => graph,
    inputs,
    isComplete: evidence => {
      const written = evidence.plan.topicSpecs.reduce((sum, { name }) => sum + evidence.count(name), 0)
      quiet = written === before ? quiet + 1 : 0
      before = written
      return quiet >= QUIET_LOOKS
    },
    checks: [podsHeld],
  }
}

function drawn(planned: Plan, inputs: readonly GraphInput[], random: Random, shape: Shape): readonly Input[] {
  return inputs.map(({ source, key, value }) => {
    const { name, partitions, codec } = nodeOf(planned, source)
    const place = { topic: name, partition: partitionOf(Buffer.from(key), partitions) }
    return { atMs: random() * shape.spreadMs, place, key, value: codec.encode(value) }
  })
}

/** What the sources hold at the end, in the order in which they hold it. */
function recordedIn(planned: Plan, evidence: Evidence): readonly Input[] {
  const sources = [...planned.topics.values()].filter(({ kind }) => kind === 'source')
  return sources.flatMap(({ name }) => {
    const next = new Map<number, number>()
    return evidence.read(name, RAW).map(({ partition, key, value }) => {
      const atMs = (next.get(partition) ?? 0) + GAP_MS
      next.set(partition, atMs)
      return { atMs, place: { topic: name, partition }, key, value }
    })
  })
}

const RAW = { name: 'bytes', encode: (bytes: Uint8Array) => bytes, decode: (bytes: Uint8Array) => bytes }

function differencesOf(planned: Plan, expected: Evidence, found: Evidence): readonly string[] {
  const topics = [...planned.topics.values()].filter(({ kind }) => kind === 'topic').map(({ name }) => name)
  return [
    ...topics.flatMap(topic =>
      differences(`topic ${topic}`, recordsOf(expected, topic), recordsOf(found, topic)),
    ),
    ...planned.stages.flatMap(({ name }) =>
      differences(`state of stage ${name}`, stateOf(expected, name), stateOf(found, name)),
    ),
  ]
}

const recordsOf = (evidence: Evidence, topic: string): readonly string[] =>
  evidence.read(topic, RAW).map(({ key, value }) => `${key} = ${asShown(value)}`)

function stateOf(evidence: Evidence, stage: string): readonly string[] {
  return evidence.state(stage).flatMap(({ entry, value }) => {
    if (entry.kind !== 'value' && entry.kind !== 'map') return []
    const name = entry.kind === 'map' ? `[${entry.name}]` : ''
    return [`${entry.key}: ${entry.operator}.${entry.state}${name} = ${asShown(unframe(value, entry.state))}`]
  })
}

function differences(
  where: string,
  expected: readonly string[],
  found: readonly string[],
): readonly string[] {
  const counts = new Map<string, number>()
  for (const each of expected) counts.set(each, (counts.get(each) ?? 0) + 1)
  for (const each of found) counts.set(each, (counts.get(each) ?? 0) - 1)
  return [...counts].flatMap(([each, missing]) => {
    if (missing === 0) return []
    return [`${where}: ${each} is there ${Math.abs(missing)} times too ${missing > 0 ? 'seldom' : 'often'}`]
  })
}
