/** Access to a running application from outside: commands read its topics, or write into them, without being a pod. */

import { Values } from '#answers/values.ts'
import { CaudalError } from '#core/errors.ts'
import { fittedTopology } from '#engine/client/fitted-topology.ts'
import type { Log } from '#engine/log/log.ts'
import { prepareTopics } from '#engine/pod/topic-preparation.ts'
import { bindSchemas, readingFrom } from '#schemas/avro/bind.ts'
import { isSchemaCodec } from '#schemas/avro/schema-codec.ts'
import type { WritersOptions } from '#schemas/avro/writers.ts'
import { withCodecs } from '#topology/codecs.ts'
import { type Plan, plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'

/** What the caller will do. A caller that only reads creates no topic, so a mistyped name leaves no application behind. */
export type Doing =
  /** Compares the topics with the graph. The topics may be missing. */
  | 'compares'
  /** Reads existing topics. */
  | 'reads'
  /** Writes values of the graph into existing topics, so that their schemas are registered. */
  | 'changes'
  /** Writes events of others: topics are created. */
  | 'feeds'
  /** Writes values of the graph: topics are created. */
  | 'writes'

/** The log, and what is done with it. */
export interface AccessOptions extends WritersOptions {
  readonly log: Log
  readonly doing: Doing
  /** The graph is the user's own, and has none of the pipeline's topics. */
  readonly isOwn: boolean
}

/** An application in a log: what every question about it needs. */
export interface Access {
  readonly log: Log
  readonly plan: Plan
  readonly values: Values
  readonly isOwn: boolean
}

/** Rejects with REJECTED if the application must have run and never has. The details name the application as `missing`. */
export async function accessTo(topology: Topology, options: AccessOptions): Promise<Access> {
  const { log, doing, isOwn } = options
  if (doing === 'reads' || doing === 'changes') await requireTopics(log, plan(topology))
  // A replay of the user's own graph sends stored bytes, so it registers no schema.
  const registers = doing === 'writes' || (doing === 'changes' && !isOwn)
  const bound = registers
    ? await bindSchemas(topology, { ...options, ...patienceOf(options), writesSources: isOwn })
    : reading(topology, options)
  const planned = plan(await fittedTopology(bound, log))
  if (doing === 'feeds' || doing === 'writes') await prepareTopics(planned, log)
  return { log, plan: planned, values: new Values(planned), isOwn }
}

const patienceOf = ({ patienceMs }: AccessOptions) =>
  patienceMs === undefined ? {} : { patience: patienceMs }

/** Whether the application has ever run here. */
export async function hasTopics(log: Log, { application, topicSpecs }: Plan): Promise<boolean> {
  const own = topicSpecs.map(({ name }) => name).filter(name => name.startsWith(`${application}.`))
  return (await log.describeTopics(own)).length > 0
}

/** The message for an application that has never run in this log. */
export const withoutTopics = ({ application }: Plan): string =>
  `application ${application} has no topics here: check APP_ID (or the name of the graph) and KAFKA_BROKERS or DATA_DIR, or start it first`

async function requireTopics(log: Log, planned: Plan): Promise<void> {
  if (await hasTopics(log, planned)) return
  throw new CaudalError('REJECTED', { reason: withoutTopics(planned), missing: planned.application })
}

function reading(topology: Topology, options: WritersOptions): Topology {
  const binding = readingFrom(options)
  return withCodecs(topology, codec => (isSchemaCodec(codec) ? codec.bound(binding) : codec))
}
