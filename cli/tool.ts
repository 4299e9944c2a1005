/** What commands that look at a log, or put something into it, have in common. */
import type { Log } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'
import type { Screen, Surroundings } from './command.ts'
import { type Configuration, configurationOf } from './configuration.ts'
import { jsonLogger } from './logger.ts'
import { openLog } from './parts.ts'
import { planOf } from './pipeline.ts'

export interface Tool {
  readonly log: Log
  readonly plan: Plan
  readonly configuration: Configuration
}

/** Opens the log of the settings for as long as `use` takes. */
export async function withLog<T>(surroundings: Surroundings, use: (tool: Tool) => Promise<T>): Promise<T> {
  const { environment, stderr, system } = surroundings
  const configuration = configurationOf(environment)
  const logger = jsonLogger({ write: line => stderr.write(line), level: configuration.logLevel, system })
  const plan = planOf(configuration)
  const log = await openLog(configuration, { system, logger })
  try {
    return await use({ log, plan, configuration })
  } finally {
    await log.close()
  }
}

/** Waits while the reader of the output is slower than we are. */
export function writeLine(screen: Screen, text: string): Promise<void> | undefined {
  if (screen.write(`${text}\n`)) return undefined
  return new Promise(resolve => screen.once('drain', resolve))
}
