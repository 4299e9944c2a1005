/** Finds every fault of a graph before anything runs. */
import { CaudalError } from '#core/errors.ts'
import { cycleFaults } from './checks/cycles.ts'
import { edgeFaults } from './checks/edges.ts'
import { keyingFaults } from './checks/keying.ts'
import { nameFaults } from './checks/names.ts'
import { operatorFaults } from './checks/operators.ts'
import { topicFaults } from './checks/topics.ts'
import type { Check, Fault } from './fault.ts'
import type { Topology } from './topology.ts'

export type { Fault } from './fault.ts'

const CHECKS: readonly Check<Topology>[] = [
  nameFaults,
  topicFaults,
  operatorFaults,
  edgeFaults,
  keyingFaults,
  cycleFaults,
]

/** All faults, each once; none means that the graph can be planned and run. */
export function validate(topology: Topology): readonly Fault[] {
  return CHECKS.flatMap(check => check(topology))
}

/** Throws TOPOLOGY_INVALID with one line a fault. */
export function assertValid(topology: Topology): void {
  const faults = validate(topology)
  if (faults.length === 0) return
  const lines = faults.map(fault => `- ${fault.node}: ${fault.problem}; ${fault.remedy}`)
  throw new CaudalError('TOPOLOGY_INVALID', { faults: lines.join('\n') })
}
