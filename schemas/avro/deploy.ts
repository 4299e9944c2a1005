/** The schemas of a topology against a registry: what a deploy checks and registers, what a start looks up. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { CodecPlace } from '#topology/codecs.ts'
import { codecsOf } from '#topology/codecs.ts'
import type { Topology } from '#topology/topology.ts'
import { AvroType } from './avro-type.ts'
import type { SchemaRegistry } from './registry.ts'
import { isSchemaCodec } from './schema-codec.ts'

/** A schema with the subject that it is registered under. */
export interface Subject {
  /** `<topic>-value` for a topic; the codec's name for what only state and steps hold. */
  readonly name: string
  readonly schema: AvroType
}

/** One schema of a topology against the registry. */
export interface SchemaCheck {
  /** The subject in the registry. */
  readonly subject: string
  /** Full name of the schema. */
  readonly schema: string
  /** `compatible`: not registered yet, and able to read what its predecessor wrote. */
  readonly state: 'registered' | 'new' | 'compatible' | 'incompatible'
  /** Why it is incompatible. */
  readonly reason: string | undefined
}

/**
 * What the topology writes, each subject once. Sources are left out unless `withSources`: their schemas belong to their
 * writers. Inputs, outputs and tables of operators are left out too: their values belong to a topic, or never become bytes.
 */
export function subjectsOf(topology: Topology, withSources = false): readonly Subject[] {
  const subjects = new Map<string, Subject>()
  const topics = new Set<AvroType>()
  for (const { codec, place } of codecsOf(topology)) {
    if (!isSchemaCodec(codec) || !codec.schema || !isWritten(place, withSources)) continue
    if (place.kind === 'topic') topics.add(codec.schema)
    else if (topics.has(codec.schema)) continue
    const name = place.kind === 'topic' ? `${place.topic.name}-value` : codec.name
    const former = subjects.get(name)
    if (former && !former.schema.writesAs(codec.schema)) {
      const faults = `${name} stands for two schemas: give the codecs different names`
      throw new CaudalError('SCHEMAS_REFUSED', { faults })
    }
    subjects.set(name, { name, schema: codec.schema })
  }
  return [...subjects.values()]
}

/** Whether each schema can read what the one before it wrote (BACKWARD). Changes nothing. */
export async function checkSchemas(
  topology: Topology,
  registry: SchemaRegistry,
  withSources = false,
): Promise<readonly SchemaCheck[]> {
  return Promise.all(subjectsOf(topology, withSources).map(subject => check(subject, registry)))
}

/**
 * Registers what is new. With one incompatible schema none is registered: rejects SCHEMAS_REFUSED with all of them.
 * Returns the id of each subject.
 */
export async function registerSchemas(
  topology: Topology,
  registry: SchemaRegistry,
  withSources = false,
): Promise<ReadonlyMap<string, number>> {
  const checks = await checkSchemas(topology, registry, withSources)
  const faults = checks.flatMap(({ subject, schema, reason }) =>
    reason === undefined ? [] : [`${subject}: ${schema} cannot read what its predecessor wrote: ${reason}`],
  )
  if (faults.length > 0) throw new CaudalError('SCHEMAS_REFUSED', { faults: faults.join('\n') })
  const ids = new Map<string, number>()
  for (const { name, schema } of subjectsOf(topology, withSources))
    ids.set(name, await registry.register(name, schema.text))
  return ids
}

async function check({ name, schema }: Subject, registry: SchemaRegistry): Promise<SchemaCheck> {
  const found = { subject: name, schema: schema.name, reason: undefined }
  if ((await registry.idOf(name, schema.text)) !== undefined) return { ...found, state: 'registered' }
  const latest = await registry.latest(name)
  if (latest === undefined) return { ...found, state: 'new' }
  const reason = whyUnreadable(schema, latest)
  return { ...found, reason, state: reason === undefined ? 'compatible' : 'incompatible' }
}

/** Why a schema cannot read what was written with another one; `undefined` when it can. */
export function whyUnreadable(reader: AvroType, writer: string): string | undefined {
  try {
    reader.decoderOf(new AvroType(writer, 'loose'))
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

function isWritten(place: CodecPlace, withSources: boolean): boolean {
  if (place.kind === 'topic') return withSources || place.topic.kind !== 'source'
  return place.kind === 'state' || place.kind === 'step'
}
