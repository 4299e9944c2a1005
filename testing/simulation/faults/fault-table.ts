/** All kinds of faults: the table that runs draw from and that tests go through row by row. */
import type { FaultKind } from '../fault-kind.ts'
import { LOG_FAULTS } from './log-faults.ts'
import { NETWORK_FAULTS } from './network-faults.ts'
import { PROCESS_FAULTS } from './process-faults.ts'
import { PROVIDER_FAULTS } from './provider-faults.ts'

export const FAULT_TABLE: readonly FaultKind[] = [
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...LOG_FAULTS,
  ...PROVIDER_FAULTS,
]

/** The kinds of these names. */
export function faultsNamed(...names: readonly string[]): readonly FaultKind[] {
  return FAULT_TABLE.filter(({ name }) => names.includes(name))
}
