/** What commands that look at a log, or put something into it, have in common. */

import { type Access, accessTo, type Doing } from '#admin/access.ts'
import type { Logger } from '#core/loggers.ts'
import type { Log } from '#engine/log/log.ts'
import type { Screen, Surroundings } from './command/command.ts'
import { closedOnStop } from './command/stopping.ts'
import type { Configuration } from './configuration.ts'
import { configurationOf } from './environment.ts'
import { chosenTopology, type GraphChoice } from './graph-file.ts'
import { PATIENCE_MS } from './kafka.ts'
import { openLogLines } from './logging.ts'
import { openRegistry, reachLog } from './parts.ts'

export interface Tool extends Access {
  readonly configuration: Configuration
}

/** For so long after a stop, a command may still write what it has begun. */
const GRACE_MS = 2_000

/** Reaches the log of the settings for as long as `use` takes. Who only looks makes no log where none is. */
export async function withOpenLog<T>(
  { environment, stdout, stderr, system, signal }: Surroundings,
  use: (log: Log, configuration: Configuration, logger: Logger) => Promise<T>,
  { looks = false }: { readonly looks?: boolean } = {},
): Promise<T> {
  const configuration = configurationOf(environment)
  using lines = openLogLines(configuration, { stdout, stderr, system })
  const { logger } = lines
  const log = await reachLog(configuration, { system, logger, signal, patienceMs: PATIENCE_MS, looks })
  const cancel = closedOnStop(log, signal, system, GRACE_MS)
  try {
    return await use(log, configuration, logger)
  } finally {
    cancel()
    await log.close()
  }
}

export interface ToolChoice extends GraphChoice {
  /** `reads` when left out. */
  readonly doing?: Doing
  /** Left out: who feeds and writes makes the log where none is, all others do not. */
  readonly looks?: boolean
}

/** The same, with the graph and its values. */
export function withLog<T>(
  surroundings: Surroundings,
  use: (tool: Tool) => Promise<T>,
  { doing = 'reads', graph, looks = doing !== 'feeds' && doing !== 'writes' }: ToolChoice = {},
): Promise<T> {
  const { system, signal } = surroundings
  const using = async (log: Log, configuration: Configuration, logger: Logger) => {
    const topology = await chosenTopology({ graph }, configuration)
    const registry = await openRegistry({ ...configuration, application: topology.name }, log, system)
    const patienceMs = PATIENCE_MS
    const options = { log, registry, system, logger, signal, patienceMs, doing, isOwn: graph !== undefined }
    return await use({ ...(await accessTo(topology, options)), configuration })
  }
  return withOpenLog(surroundings, using, { looks })
}

/** Waits while the reader of the output is slower than we are. */
export function writeLine(screen: Screen, text: string): Promise<void> | undefined {
  if (screen.write(`${text}\n`)) return undefined
  return new Promise(resolve => screen.once('drain', resolve))
}
