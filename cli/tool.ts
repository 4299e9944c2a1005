/** What commands that look at a log, or put something into it, have in common. */
import { CaudalError } from '#core/errors.ts'
import type { Logger } from '#core/operator.ts'
import { fittedTopology } from '#engine/client/fitted-topology.ts'
import type { Log } from '#engine/log/log.ts'
import { prepareTopics } from '#engine/pod/topic-preparation.ts'
import { bindSchemas, readingFrom } from '#schemas/avro/bind.ts'
import { isSchemaCodec } from '#schemas/avro/schema-codec.ts'
import type { WritersOptions } from '#schemas/avro/writers.ts'
import { withCodecs } from '#topology/codecs.ts'
import { type Plan, plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'
import { EXIT, type Screen, type Surroundings } from './command/command.ts'
import { closedOnStop } from './command/stopping.ts'
import { type Configuration, configurationOf } from './configuration.ts'
import { chosenTopology, type GraphChoice } from './graph-file.ts'
import { PATIENCE_MS } from './kafka.ts'
import { jsonLogger } from './logger.ts'
import { openRegistry, reachLog } from './parts.ts'
import { Values } from './values.ts'

export interface Tool {
  readonly log: Log
  readonly plan: Plan
  readonly values: Values
  /** A graph of somebody's own: it has none of the pipeline's topics. */
  readonly isOwn: boolean
  readonly configuration: Configuration
}

/** What was told to stop may still write what it has begun; then nothing is waited for any more. */
const GRACE_MS = 2_000

/** Reaches the log of the settings for as long as `use` takes. */
export async function withOpenLog<T>(
  { environment, stderr, system, signal }: Surroundings,
  use: (log: Log, configuration: Configuration, logger: Logger) => Promise<T>,
): Promise<T> {
  const configuration = configurationOf(environment)
  const logger = jsonLogger({ write: line => stderr.write(line), level: configuration.logLevel, system })
  const log = await reachLog(configuration, { system, logger, signal, patienceMs: PATIENCE_MS })
  const cancel = closedOnStop(log, signal, system, GRACE_MS)
  try {
    return await use(log, configuration, logger)
  } finally {
    cancel()
    await log.close()
  }
}

/** What a command does: who only looks, under a mistyped name, must not leave an application behind. */
export type Doing =
  /** Compares what is there with the graph, and may find nothing. */
  | 'compares'
  /** Looks at what is there. */
  | 'reads'
  /** Writes values of the graph into what is there, so that their schemas are registered. */
  | 'changes'
  /** Writes events of others: topics are created. */
  | 'feeds'
  /** Writes values of the graph: topics are created. */
  | 'writes'

export interface Access extends GraphChoice {
  /** `reads` when left out. */
  readonly doing?: Doing
}

/** The same, with the graph and its values. */
export function withLog<T>(
  surroundings: Surroundings,
  use: (tool: Tool) => Promise<T>,
  { doing = 'reads', graph }: Access = {},
): Promise<T> {
  const { system, signal } = surroundings
  return withOpenLog(surroundings, async (log, configuration, logger) => {
    const topology = await chosenTopology({ graph }, configuration)
    const registry = await openRegistry({ ...configuration, application: topology.name }, log, system)
    const options = { registry, system, logger, signal }
    if (doing === 'reads' || doing === 'changes') await requireTopics(log, plan(topology))
    const isOwn = graph !== undefined
    // Of a graph of somebody's own nothing is written but bytes that are there.
    const registers = !isOwn && (doing === 'writes' || doing === 'changes')
    const bound = registers ? await bindSchemas(topology, options) : reading(topology, options)
    const planned = plan(await fittedTopology(bound, log))
    if (doing === 'feeds' || doing === 'writes') await prepareTopics(planned, log)
    return await use({ log, plan: planned, values: new Values(planned), isOwn, configuration })
  })
}

/** Whether the application has ever run here. */
export async function hasTopics(log: Log, { application, topicSpecs }: Plan): Promise<boolean> {
  const own = topicSpecs.map(({ name }) => name).filter(name => name.startsWith(`${application}.`))
  return (await log.describeTopics(own)).length > 0
}

export const withoutTopics = ({ application }: Plan): string =>
  `application ${application} has no topics here: check APP_ID (or the name of the graph) and KAFKA_BROKERS or DATA_DIR, or start it first`

/** Throws REJECTED where the application has never run. */
async function requireTopics(log: Log, planned: Plan): Promise<void> {
  if (await hasTopics(log, planned)) return
  throw new CaudalError('REJECTED', { reason: withoutTopics(planned), exit: EXIT.notFound })
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
