/** A thread of a campaign: makes one requested run after another. */
import { parentPort } from 'node:worker_threads'
import type { Errand } from './campaign.ts'
import { runErrand } from './run-errand.ts'

parentPort?.on('message', (errand: Errand) => {
  void runErrand(errand).then(verdict => parentPort?.postMessage(verdict))
})
