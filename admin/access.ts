/** A graph over a log that others run: for whoever looks at what is there, or writes something into it, without being a pod. */

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

/** What is done: who only looks, under a mistyped name, must not leave an application behind. */
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

export interface AccessOptions extends WritersOptions {
  readonly log: Log
  readonly doing: Doing
  /** A graph of somebody's own: it has none of the pipeline's topics. */
  readonly isOwn: boolean
}

export interface Access {
  readonly log: Log
  readonly plan: Plan
  readonly values: Values
  readonly isOwn: boolean
}

/** Rejects with REJECTED, its name in the details as `missing`, where the application has never run and must have. */
export async function accessTo(topology: Topology, options: AccessOptions): Promise<Access> {
  const { log, doing, isOwn } = options
  if (doing === 'reads' || doing === 'changes') await requireTopics(log, plan(topology))
  // What is sent again of a graph of somebody's own are bytes that are there.
  const registers = doing === 'writes' || (doing === 'changes' && !isOwn)
  const bound = registers
    ? await bindSchemas(topology, { ...options, writesSources: isOwn })
    : reading(topology, options)
  const planned = plan(await fittedTopology(bound, log))
  if (doing === 'feeds' || doing === 'writes') await prepareTopics(planned, log)
  return { log, plan: planned, values: new Values(planned), isOwn }
}

/** Whether the application has ever run here. */
export async function hasTopics(log: Log, { application, topicSpecs }: Plan): Promise<boolean> {
  const own = topicSpecs.map(({ name }) => name).filter(name => name.startsWith(`${application}.`))
  return (await log.describeTopics(own)).length > 0
}

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
