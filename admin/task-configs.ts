/** Changes of task types at run time: read from the configuration topic, checked, written, taken back. */

import { isLoose, type Loose } from '#answers/fields.ts'
import { configFaults } from '#answers/task-type.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { TOPICS } from '#answers/topics.ts'
import type { TaskConfig } from '#answers/types.ts'
import type { Values } from '#answers/values.ts'
import { asText } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { NO_HEADERS, type TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { TASK_CONFIG_SCHEMA } from '#schemas/texts.ts'
import { type Actor, auditBatch } from './audit.ts'

/** The last change of one task type at run time. */
export interface Change {
  readonly taskType: string
  /** The change as it was written, valid or not. `undefined` if it was taken back. */
  readonly config: unknown
  /** Why the pipeline ignores the change. */
  readonly faults: readonly string[]
  /** The highest version that the topic knows of this task type. */
  readonly versionMax: number
}

const FIELDS: ReadonlySet<string> = new Set(
  JSON.parse(TASK_CONFIG_SCHEMA).fields.map(({ name }: { readonly name: string }) => name),
)

/** The last change of each task type. Changes that were taken back are included as long as the topic has their tombstones. */
export async function changesIn(log: Log, values: Values): Promise<ReadonlyMap<string, Change>> {
  const changes = new Map<string, Change>()
  await readAll(log, TOPICS.config, async ({ key, value }) => {
    const taskType = key ? asText(key) : ''
    const before = changes.get(taskType)?.versionMax ?? 0
    const config = value ? await read(value, values) : undefined
    const version = isLoose(config) && typeof config.version === 'number' ? config.version : 0
    const faults = value ? faultsOf(taskType, config) : []
    changes.set(taskType, { taskType, config, faults, versionMax: Math.max(before, version) })
  })
  return changes
}

/** Shows a hand-written value as it is, because it need not have the schema. */
async function read(value: Uint8Array, values: Values): Promise<unknown> {
  try {
    return value[0] === 0 ? await values.read(TOPICS.config, value) : JSON.parse(asText(value))
  } catch (error) {
    return reasonOf(error)
  }
}

/** Every fault of a change, in words. */
function faultsOf(taskType: string, config: unknown): readonly string[] {
  const faults: string[] = []
  if (!Object.hasOwn(TASK_TYPES, taskType))
    faults.push(`there is no task type ${taskType}: there are ${Object.keys(TASK_TYPES).join(', ')}`)
  if (isLoose(config)) {
    for (const name of Object.keys(config)) if (!FIELDS.has(name)) faults.push(`${name} is no field of it`)
    if (config.task_type !== taskType) faults.push(`task_type must be ${taskType}`)
    if (typeof config.version === 'number' && !(Number.isSafeInteger(config.version) && config.version > 0))
      faults.push('version must be a whole number above 0')
  }
  return [...faults, ...configFaults(config)]
}

/**
 * A declaration with its optional parts filled in: the task type, and a version. The version is above all that the topic knows,
 * and above the number of records that its partition ever had. So the numbers of changes that compaction removed stay theirs.
 */
function completed(taskType: string, declared: unknown, version: number): unknown {
  if (!isLoose(declared)) return declared
  const config: Loose = { task_type: taskType, version, ...declared }
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null))
}

/** Who changes it and why: written down in the same append. */
export interface Reasoned {
  readonly actor: Actor
  readonly why: string
  /** Of what was written; of nothing where a change is taken back. */
  readonly details: (written: TaskConfig | undefined) => Readonly<Record<string, unknown>>
}

/** Where changes of task types are written. */
export interface ChangeOptions {
  readonly log: Log
  readonly values: Values
  readonly system: System
  readonly reasoned: Reasoned
}

/**
 * Changes a task type from now on. Resolves with what was written. Rejects with CONFIGURATION_INVALID and every fault, and then
 * writes nothing.
 */
export async function changeTaskType(
  options: ChangeOptions,
  taskType: string,
  declared: unknown,
): Promise<TaskConfig> {
  const { log, values } = options
  const former = (await changesIn(log, values)).get(taskType)
  const [{ end } = { end: 0 }] = await log.bounds([await placeOf(log, taskType)])
  const config = completed(taskType, declared, Math.max(former?.versionMax ?? 0, end) + 1)
  const faults = faultsOf(taskType, config)
  if (faults.length > 0) throw new CaudalError('CONFIGURATION_INVALID', { faults: faults.join('\n') })
  const held = await values.read(TOPICS.config, Buffer.from(JSON.stringify(config)))
  await put(options, taskType, { value: values.write(TOPICS.config, held), held })
  return held
}

/** Makes the task type as declared again. If it was not changed, returns false and writes nothing. */
export async function resetTaskType(options: ChangeOptions, taskType: string): Promise<boolean> {
  if ((await changesIn(options.log, options.values)).get(taskType)?.config === undefined) return false
  await put(options, taskType, { value: null, held: undefined })
  return true
}

async function placeOf(log: Log, taskType: string): Promise<TopicPartition> {
  const [spec] = await log.describeTopics([TOPICS.config])
  return { topic: TOPICS.config, partition: partitionOf(Buffer.from(taskType), spec?.partitions ?? 1) }
}

async function put(
  { log, system, reasoned }: ChangeOptions,
  taskType: string,
  { value, held }: { readonly value: Uint8Array | null; readonly held: TaskConfig | undefined },
): Promise<void> {
  const at = system.now()
  const record = { key: Buffer.from(taskType), value, headers: NO_HEADERS, timestamp: at }
  const batch = { ...(await placeOf(log, taskType)), records: [record] }
  const { actor, why, details } = reasoned
  const entry = {
    ...actor,
    at,
    action: 'version_live',
    target: taskType,
    why,
    details: details(held),
  } as const
  await log.append([batch, await auditBatch(log, entry)])
}
