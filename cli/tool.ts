/** What commands that look at a log, or put something into it, have in common. */
import type { Logger } from '#engine/core/operator.ts'
import type { Log } from '#engine/log/log.ts'
import { bindSchemas, readingFrom } from '#schemas/bind.ts'
import { isSchemaCodec } from '#schemas/schema-codec.ts'
import type { WritersOptions } from '#schemas/writers.ts'
import { withCodecs } from '#topology/codecs.ts'
import { type Plan, plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'
import type { Screen, Surroundings } from './command.ts'
import { type Configuration, configurationOf } from './configuration.ts'
import { PATIENCE_MS } from './kafka.ts'
import { jsonLogger } from './logger.ts'
import { openLog, openRegistry } from './parts.ts'
import { modellessTopology } from './pipeline.ts'
import { closedOnStop } from './stopping.ts'
import { Values } from './values.ts'

export interface Tool {
  readonly log: Log
  readonly plan: Plan
  readonly values: Values
  readonly configuration: Configuration
}

/** What was told to stop may still write what it has begun; then nothing is waited for any more. */
const GRACE_MS = 2_000

/** Opens the log of the settings for as long as `use` takes. */
export async function withOpenLog<T>(
  { environment, stderr, system, signal }: Surroundings,
  use: (log: Log, configuration: Configuration, logger: Logger) => Promise<T>,
): Promise<T> {
  const configuration = configurationOf(environment)
  const logger = jsonLogger({ write: line => stderr.write(line), level: configuration.logLevel, system })
  const log = await openLog(configuration, { system, logger, signal, patienceMs: PATIENCE_MS })
  const cancel = closedOnStop(log, signal, system, GRACE_MS)
  try {
    return await use(log, configuration, logger)
  } finally {
    cancel()
    await log.close()
  }
}

/** The same, with the graph and its values. Only with `writes` are the schemas of what is written registered. */
export function withLog<T>(
  surroundings: Surroundings,
  use: (tool: Tool) => Promise<T>,
  writes: 'writes' | 'reads' = 'reads',
): Promise<T> {
  const { system, signal } = surroundings
  return withOpenLog(surroundings, async (log, configuration, logger) => {
    const registry = await openRegistry(configuration, log, system)
    const topology = modellessTopology(configuration)
    const options = { registry, system, logger, signal }
    const bound = writes === 'writes' ? await bindSchemas(topology, options) : reading(topology, options)
    const planned = plan(bound)
    return await use({ log, plan: planned, values: new Values(planned), configuration })
  })
}

function reading(topology: Topology, options: WritersOptions): Topology {
  const binding = readingFrom(options)
  return withCodecs(topology, codec => (isSchemaCodec(codec) ? codec.bound(binding) : codec))
}

/** Waits while the reader of the output is slower than we are. */
export function writeLine(screen: Screen, text: string): Promise<void> | undefined {
  if (screen.write(`${text}\n`)) return undefined
  return new Promise(resolve => screen.once('drain', resolve))
}
