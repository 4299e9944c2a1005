/** All kinds of faults: the table that runs draw from and that tests go through row by row. */
import type { FaultKind } from './fault-kind.ts'
import { PROCESS_FAULTS } from './process-faults.ts'

export const FAULT_TABLE: readonly FaultKind[] = [...PROCESS_FAULTS]

export function faultNamed(name: string): FaultKind | undefined {
  return FAULT_TABLE.find(kind => kind.name === name)
}
