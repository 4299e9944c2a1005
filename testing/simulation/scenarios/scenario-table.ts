/** All scenarios by name. */
import { CaudalError } from '#core/errors.ts'
import type { Scenario } from '../scenario.ts'
import { batch } from './batch.ts'
import { count } from './count.ts'
import { delays } from './delays.ts'
import { join } from './join.ts'
import { loop } from './loop.ts'
import { sessions } from './sessions.ts'
import { standard } from './standard.ts'
import { versions } from './versions.ts'

export const SCENARIOS: readonly Scenario[] = [standard, loop, delays, sessions, batch, join, count, versions]

/** `names` are those that a mistaken one is answered with. */
export function scenarioNamed(
  name: string,
  names: readonly string[] = SCENARIOS.map(each => each.name),
): Scenario {
  const scenario = SCENARIOS.find(each => each.name === name)
  if (scenario) return scenario
  throw new CaudalError('CONFIGURATION_INVALID', {
    faults: `there is no scenario ${name}; there are ${names.join(', ')}`,
  })
}
