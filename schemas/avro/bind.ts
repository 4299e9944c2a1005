/** Gives the codecs of a topology the ids and schemas of a registry. */

import { type Duration, msOf } from '#core/duration.ts'
import type { Logger } from '#core/loggers.ts'
import { warnings } from '#core/loggers.ts'
import { realSystem, type System } from '#core/system.ts'
import { withCodecs } from '#topology/codecs.ts'
import type { Topology } from '#topology/topology.ts'
import { registerSchemas, subjectsOf } from './deploy.ts'
import type { SchemaRegistry } from './registry.ts'
import { type Binding, isSchemaCodec, type SchemaCodec } from './schema-codec.ts'
import { FetchedWriters, untilAvailable, type WritersOptions } from './writers.ts'

export interface BindOptions {
  readonly registry: SchemaRegistry
  /** Gets a line while the registry is down. Left out: warnings and errors go to the standard error output. */
  readonly logger?: Logger
  /** Left out: the machine's own time. */
  readonly system?: System
  /** Aborted when nobody needs the topology any more: a registry that is down is asked no longer. */
  readonly signal?: AbortSignal
  /** Gives up on a registry that is down for so long; never when left out. */
  readonly patience?: Duration
  /** The caller writes the sources, so that their schemas are registered too. */
  readonly writesSources?: boolean
}

/**
 * Looks up the schemas of the topology and registers those that are missing. Returns the same topology with codecs that
 * write the ids and read what any writer's schema wrote. Waits for a registry that is down. Rejects with SCHEMAS_REFUSED,
 * which lists all schemas that cannot read what their earlier versions wrote.
 *
 * ```ts
 * const running = await run(await bindSchemas(pipeline, { registry }), { log })
 * ```
 */
export async function bindSchemas(topology: Topology, given: BindOptions): Promise<Topology> {
  const patience = given.patience === undefined ? {} : { patienceMs: msOf('patience', given.patience) }
  const options = { system: realSystem, logger: warnings, ...given, ...patience }
  const { registry, writesSources = false } = options
  const bySubject = await untilAvailable(() => registerSchemas(topology, registry, writesSources), options)
  const ids = new Map(
    subjectsOf(topology, writesSources).map(({ name, schema }) => [schema, bySubject.get(name)]),
  )
  const binding: Binding = { idOf: schema => ids.get(schema), writers: new FetchedWriters(options) }
  const bound = new Map<SchemaCodec<unknown>, SchemaCodec<unknown>>()
  return withCodecs(topology, (codec, { kind }) => {
    if (!isSchemaCodec(codec)) return codec
    // What goes from operator to operator alone never leaves the process: the fingerprint is its id.
    if (kind === 'output' && codec.schema && binding.idOf(codec.schema) === undefined) return codec
    const known = bound.get(codec) ?? codec.bound(binding)
    bound.set(codec, known)
    return known
  })
}

/** For tools that only read: codecs bound to this know the schemas of the registry, and cannot write. */
export function readingFrom(options: WritersOptions): Binding {
  return { idOf: () => undefined, writers: new FetchedWriters(options) }
}
