/** Whether the local services run, for tests that need them: they are skipped without, or fail where REQUIRE_STACK=1. */

import { PORTS } from '#deploy/local/addresses.ts'
import { answers } from '#deploy/local/process.ts'

const START = 'start it with: npm run stack -- up'

/** Asked while a test file is collected; false means skip. */
export async function stackRuns(service: 'kafka' | 'registry' | 'postgres' | 'redis'): Promise<boolean> {
  if (await answers(PORTS[service])) return true
  if (process.env.REQUIRE_STACK === '1')
    throw new TypeError(`${service} does not run and is required; ${START}`)
  console.warn(`skipped: ${service} does not run; ${START} --only ${service}`)
  return false
}

/** Keeps the names of one run apart from those of all others. */
export const RUN = `t${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}-`
