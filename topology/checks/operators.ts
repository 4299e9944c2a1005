/** Operators by themselves: limits, batches, and the tables that they read. */
import { durationFaults, type Fault, unless } from '../fault.ts'
import type { OperatorNode, Topology } from '../topology.ts'

/** Limits out of range, batches that cannot work, and tables that the graph does not declare. */
export function operatorFaults(topology: Topology): readonly Fault[] {
  return topology.operators.flatMap(node => [
    ...limitFaults(node),
    ...unless(
      node.endsBecause?.trim() !== '',
      node.name,
      'ends its loop because of nothing',
      'say in endsBecause why no record goes round for ever',
    ),
    ...batchFaults(node),
    ...tableFaults(node, topology),
  ])
}

function limitFaults(node: OperatorNode): readonly Fault[] {
  const { limits, state } = node.operator
  const { inFlightMax } = limits
  return [
    ...unless(
      inFlightMax === undefined || inFlightMax > 0,
      node.name,
      `has inFlightMax ${inFlightMax}`,
      'make it positive',
    ),
    ...durationFaults(node.name, 'timeout', limits.timeout, 1),
    ...Object.entries(state).flatMap(([name, { ttl }]) =>
      durationFaults(node.name, `ttl of ${name}`, ttl, 1),
    ),
  ]
}

function batchFaults(node: OperatorNode): readonly Fault[] {
  if (node.operator.kind !== 'batch') return []
  const { batch, state, timers, steps, tables } = node.operator
  const kept = [...Object.keys(state), ...timers, ...Object.keys(steps), ...Object.keys(tables)]
  return [
    ...unless(
      kept.length === 0,
      node.name,
      `works on batches, but declares ${kept.join(', ')}`,
      'move what belongs to one key into an operator that runs record by record',
    ),
    ...unless(
      Number.isInteger(batch.recordsMax) && batch.recordsMax >= 1,
      node.name,
      `has batches of ${batch.recordsMax} records`,
      'make recordsMax a whole number from 1 on',
    ),
    ...durationFaults(node.name, 'wait for a batch', batch.wait),
  ]
}

function tableFaults(node: OperatorNode, topology: Topology): readonly Fault[] {
  return Object.entries(node.operator.tables).flatMap(([name, codec]) => {
    const table = topology.topics.find(topic => topic.kind === 'table' && topic.name === name)
    const known = table?.codec.name ?? codec.name
    return [
      ...unless(
        table !== undefined,
        node.name,
        `reads table ${name}, which the graph does not declare`,
        `declare it: table('${name}', { value })`,
      ),
      ...unless(
        known === codec.name,
        node.name,
        `reads table ${name} as ${codec.name}, which holds ${known}`,
        'use one codec for both',
      ),
    ]
  })
}
