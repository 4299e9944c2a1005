/** A graph of one's own, for commands that else look at the answer pipeline: a module that exports it. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { GraphInput } from '#testing/simulation/scenarios/own-graph.ts'
import type { Topology } from '#topology/topology.ts'
import type { Configuration } from './configuration.ts'
import { configurationOf } from './environment.ts'
import { modellessTopology } from './topology.ts'

/** The option of every command that works on any graph. */
export const graphOption = {
  type: 'string',
  value: 'FILE',
  description:
    'a graph of your own instead of the answer pipeline: a module that exports it as graph or default',
} as const

export interface GraphChoice {
  /** Left out: the answer pipeline. */
  readonly graph?: string | undefined
}

/** The graph that a command is about. Rejects with REJECTED where the file does not export one. */
export async function chosenTopology(
  { graph }: GraphChoice,
  configuration: Configuration,
): Promise<Topology> {
  return graph === undefined ? modellessTopology(configuration) : graphIn(graph)
}

/** The same, of a command without a log. */
export const topologyFor = (
  options: GraphChoice,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Topology> => chosenTopology(options, configurationOf(environment))

async function graphIn(path: string): Promise<Topology> {
  const { default: unnamed, graph = unnamed } = await loaded(path)
  const topology = isBuilder(graph) ? graph.build() : graph
  if (isTopology(topology)) return topology
  const reason = `${path} exports no graph: write export const graph = topology('name'), and what belongs to it, there`
  throw new CaudalError('REJECTED', { reason })
}

/** The records that a file has `caudal simulate` put into the sources of its graph, as its export `inputs`. */
export async function inputsIn(path: string): Promise<readonly GraphInput[]> {
  const { inputs } = await loaded(path)
  if (Array.isArray(inputs) && inputs.length > 0 && inputs.every(isInput)) return inputs
  const reason = `${path} exports no inputs: write export const inputs = [{ source: words, key: 'ada', value: 'river' }], and more of them, there`
  throw new CaudalError('REJECTED', { reason })
}

function isInput(value: unknown): value is GraphInput {
  return (
    isObject(value) &&
    'source' in value &&
    'key' in value &&
    typeof value.key === 'string' &&
    'value' in value
  )
}

interface Exports {
  readonly default?: unknown
  readonly graph?: unknown
  readonly inputs?: unknown
}

async function loaded(path: string): Promise<Exports> {
  try {
    return await import(pathToFileURL(resolve(path)).href)
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${path} cannot be loaded: ${reasonOf(error)}` }, error)
  }
}

function isBuilder(value: unknown): value is { build(): unknown } {
  return isObject(value) && 'build' in value && typeof value.build === 'function'
}

function isTopology(value: unknown): value is Topology {
  if (!isObject(value) || !('name' in value) || !('topics' in value) || !('operators' in value)) return false
  return typeof value.name === 'string' && Array.isArray(value.topics) && Array.isArray(value.operators)
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
