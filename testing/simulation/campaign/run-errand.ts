/** All that can be run under seeds, by name: the scenarios of the engine, and that of the Kafka driver. */

import { DRIVER, runDriverSeed } from '../driver/run-driver-seed.ts'
import { FAULT_TABLE } from '../faults/fault-table.ts'
import { runSeed, type Verdict } from '../run-seed.ts'
import { SCENARIOS, scenarioNamed } from '../scenarios/scenario-table.ts'
import type { Errand } from './campaign.ts'

export const ALL_NAMES: readonly string[] = [...SCENARIOS.map(({ name }) => name), DRIVER]

/** The name, if something has it; rejects with CONFIGURATION_INVALID if not. */
export function checkedName(name: string): string {
  return name === DRIVER ? name : scenarioNamed(name, ALL_NAMES).name
}

export function runErrand({ scenario, seed }: Errand, verbose = false): Promise<Verdict> {
  if (scenario === DRIVER) return runDriverSeed({ seed, verbose })
  return runSeed({ scenario: scenarioNamed(scenario), seed, kinds: FAULT_TABLE, verbose })
}
