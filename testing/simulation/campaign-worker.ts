/** A thread of a campaign: makes one run after another as it is told. */
import { parentPort } from 'node:worker_threads'
import type { Errand } from './campaign.ts'
import { FAULT_TABLE } from './faults/fault-table.ts'
import { runSeed } from './run-seed.ts'
import { scenarioNamed } from './scenarios/scenario-table.ts'

parentPort?.on('message', ({ scenario, seed }: Errand) => {
  void runSeed({ scenario: scenarioNamed(scenario), seed, kinds: FAULT_TABLE }).then(verdict =>
    parentPort?.postMessage(verdict),
  )
})
