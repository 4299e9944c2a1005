/** Creating, describing and comparing topics; their bounds; deleting their beginnings. */
import { CaudalError, hasCode, reasonOf } from '#core/errors.ts'
import { distinctPlaces, type TopicPartition } from '#core/record.ts'
import type { Bounds, TopicDescription, TopicSpec } from '../log.ts'
import { answering, CODE, codeOf, isPassing, type Question, told, topicsNamed } from './codes.ts'
import type { Broker } from './library.ts'
import { metadataRequest, type TopicView } from './metadata-request.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import { persist } from './persist.ts'
import { BATCH_SETTING, type TopicLimits } from './topic-limits.ts'
import { byTopic, Refusal } from './wire.ts'

const TOPIC_RESOURCE = 2
const CLEANING = ['cleanup.policy', 'retention.ms']
const CONFIGS = [...CLEANING, BATCH_SETTING]
const FOR_EVER_MS = -1
const START = -2
const END = -1
/** Deleted keys stay visible to local copies that were away for up to half of it. */
const TOMBSTONES_KEPT_MS = 7 * 24 * 3_600_000
/** Event times are facts: one in the future must not make a whole transaction fail. */
const ANY_TIME_MS = '9223372036854775807'

export class Topics {
  readonly #network: Network
  readonly #settings: KafkaSettings
  readonly #limits: TopicLimits

  constructor(network: Network, settings: KafkaSettings, limits: TopicLimits) {
    this.#limits = limits
    this.#network = network
    this.#settings = settings
  }

  async create(specs: readonly TopicSpec[]): Promise<void> {
    const existing = await this.describe(specs.map(spec => spec.name))
    const found = new Map(existing.map(spec => [spec.name, spec]))
    const faults = specs.flatMap(spec => differences(spec, found.get(spec.name) ?? spec))
    if (faults.length > 0) throw new CaudalError('TOPIC_MISMATCH', { faults: faults.join('\n') })
    const missing = specs.filter(spec => !found.has(spec.name))
    if (missing.length === 0) return
    const question = { request: 'CreateTopics', resource: namesOf(missing) } as const
    await persist(this.#settings, question, () => this.#createMissing(missing))
    await this.#whenReady(missing)
  }

  async grow(name: string, partitions: number): Promise<void> {
    const [found] = await this.describe([name])
    if (!found) throw new CaudalError('TOPIC_MISSING', { topic: name })
    if (found.partitions >= partitions) return
    const topicPartitions = [{ topic: name, count: partitions }]
    const timeout = this.#settings.requestTimeoutMs
    const question = { request: 'CreatePartitions', resource: `topic ${name}` } as const
    await persist(this.#settings, question, async () => {
      const node = await this.#network.anyNode()
      await this.#network
        .ask(node, broker => broker.createPartitions({ topicPartitions, timeout, validateOnly: false }))
        .catch(async error => {
          // Another pod was quicker, or this is asked again after an answer that was lost.
          const [now] = codeOf(error) === CODE.INVALID_PARTITIONS ? await this.describe([name]) : []
          if (!now || now.partitions < partitions) throw error
        })
    })
    await this.#whenReady([{ ...found, partitions }])
  }

  /**
   * The brokers know of a topic before its leaders take records: asked for offsets, they tell when that is so. A busy one may
   * not know of it yet.
   */
  async #whenReady(specs: readonly TopicSpec[]): Promise<void> {
    const isReady = () =>
      this.bounds(specs.flatMap(placesOf)).catch(error => {
        throw hasCode(error, 'TOPIC_MISSING')
          ? new CaudalError('LOG_UNAVAILABLE', { reason: reasonOf(error) })
          : error
      })
    await persist(this.#settings, { request: 'ListOffsets', resource: namesOf(specs) }, isReady)
  }

  async describe(names?: readonly string[]): Promise<readonly TopicDescription[]> {
    if (names?.length === 0) return []
    const question = { request: 'Metadata', resource: names ? topicsNamed(names) : 'the cluster' } as const
    return persist(this.#settings, question, async () => {
      const view = await this.#network.send(await this.#network.anyNode(), metadataRequest(names))
      for (const [topic, code] of names ? [...view.refused, ...view.unsettled] : [])
        throw new Refusal('Metadata', code, `topic ${topic}`)
      const topics = [...view.topics].filter(([name]) => names || !name.startsWith('__'))
      if (topics.length === 0) return []
      const configs = await this.#configsOf(topics.map(([name]) => name))
      return topics.map(([name, view]) => {
        this.#limits.note(name, Number(configs.get(name)?.get(BATCH_SETTING)))
        const recordLimit = this.#limits.recordLimit(name)
        return { ...descriptionOf(name, view, configs.get(name)), ...(recordLimit && { recordLimit }) }
      })
    })
  }

  async bounds(places: readonly TopicPartition[]): Promise<readonly Bounds[]> {
    return persist(this.#settings, questionOf('ListOffsets', places), async () => {
      const leaders = await this.#network.byLeader(distinctPlaces(places))
      const found = new Map<string, Bounds>()
      const all = [...leaders].map(([node, led]) => this.#boundsAt(node, led, found))
      await Promise.all(all).catch(error => this.#moved(error))
      return places.map(place => found.get(`${place.topic}/${place.partition}`) ?? { start: 0, end: 0 })
    })
  }

  async trim(place: TopicPartition, beforeOffset: number): Promise<void> {
    const { topic, partition } = place
    await persist(this.#settings, questionOf('DeleteRecords', [place]), async () => {
      const [node = 0] = [...(await this.#network.byLeader([place])).keys()]
      const topics = [{ topic, partitions: [{ partition, offset: String(beforeOffset) }] }]
      await this.#network
        .ask(node, broker => broker.deleteRecords({ topics }))
        .catch(error => this.#moved(error))
    })
  }

  async #createMissing(specs: readonly TopicSpec[]): Promise<void> {
    const { replicationFactor, requestTimeoutMs } = this.#settings
    const topics = specs.map(spec => ({
      topic: spec.name,
      numPartitions: spec.partitions,
      replicationFactor,
      configEntries: configsFor(spec),
    }))
    const node = await this.#network.anyNode()
    await this.#network.ask(node, broker =>
      broker.createTopics({ topics, timeout: requestTimeoutMs }).catch(passAlreadyExisting),
    )
  }

  async #configsOf(names: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const resources = names.map(name => ({ type: TOPIC_RESOURCE, name, configNames: CONFIGS }))
    const node = await this.#network.anyNode()
    const answer = await this.#network
      .ask(node, broker => broker.describeConfigs({ resources }))
      .catch(answering('DescribeConfigs'))
    return new Map(
      answer.resources.map(({ resourceName, configEntries }) => [
        resourceName,
        new Map(configEntries.map(each => [each.configName, each.configValue ?? ''])),
      ]),
    )
  }

  async #boundsAt(
    node: number,
    places: readonly TopicPartition[],
    found: Map<string, Bounds>,
  ): Promise<void> {
    const [starts, ends] = await Promise.all(
      ([START, END] as const).map(timestamp =>
        this.#network.ask(node, broker => offsetsAt(broker, places, timestamp)),
      ),
    )
    for (const [place, end] of ends ?? []) found.set(place, { start: starts?.get(place) ?? 0, end })
  }

  #moved(error: unknown): never {
    if (isPassing(error)) this.#network.outdated()
    throw error
  }
}

/** The end is that of read-committed readers: the first offset that is not decided yet. */
async function offsetsAt(
  broker: Broker,
  places: readonly TopicPartition[],
  timestamp: typeof START | typeof END,
): Promise<ReadonlyMap<string, number>> {
  const topics = byTopic(
    places,
    place => place.topic,
    ({ partition }) => ({ partition, timestamp }),
  )
  const { responses } = await broker.listOffsets({ replicaId: -1, isolationLevel: 1, topics })
  return new Map(
    responses.flatMap(({ topic, partitions }) =>
      partitions.map(each => [`${topic}/${each.partition}`, Number(each.offset)] as const),
    ),
  )
}

function configsFor(spec: TopicSpec): { name: string; value: string }[] {
  const policy = !spec.compacted ? 'delete' : spec.retentionMs === undefined ? 'compact' : 'compact,delete'
  const configs = {
    'cleanup.policy': policy,
    'retention.ms': String(spec.retentionMs ?? FOR_EVER_MS),
    'message.timestamp.after.max.ms': ANY_TIME_MS,
    ...(spec.compacted && { 'delete.retention.ms': String(TOMBSTONES_KEPT_MS) }),
  }
  return Object.entries(configs).map(([name, value]) => ({ name, value }))
}

function descriptionOf(
  name: string,
  { id, partitions }: TopicView,
  configs: ReadonlyMap<string, string> | undefined,
): TopicDescription {
  const policies = (configs?.get('cleanup.policy') ?? '').split(',').map(policy => policy.trim())
  const retention = Number(configs?.get('retention.ms') ?? FOR_EVER_MS)
  const isDeleted = policies.includes('delete') && retention >= 0
  const compacted = policies.includes('compact')
  return { name, id, partitions, compacted, retentionMs: isDeleted ? retention : undefined }
}

/** Each difference with the command that fixes it, where there is one. */
function differences(wanted: TopicSpec, found: TopicSpec): string[] {
  const { name } = wanted
  const faults: string[] = []
  if (wanted.partitions > found.partitions) {
    const mend = `kafka-topics.sh --alter --topic ${name} --partitions ${wanted.partitions}`
    faults.push(
      `${name} has ${found.partitions} partitions, the graph declares ${wanted.partitions}: ${mend}`,
    )
  } else if (wanted.partitions < found.partitions) {
    const why = 'Kafka cannot take partitions away: use another name'
    faults.push(`${name} has ${found.partitions} partitions, the graph declares ${wanted.partitions}; ${why}`)
  }
  if (wanted.compacted === found.compacted && wanted.retentionMs === found.retentionMs) return faults
  const configs = configsFor(wanted).filter(each => CLEANING.includes(each.name))
  const setting = configs.map(each => `${each.name}=[${each.value}]`).join(',')
  const mend = `kafka-configs.sh --alter --entity-type topics --entity-name ${name} --add-config ${setting}`
  faults.push(`${name} is ${keeping(found)}, the graph declares ${keeping(wanted)}: ${mend}`)
  return faults
}

function keeping({ compacted, retentionMs }: TopicSpec): string {
  const kept = retentionMs === undefined ? 'kept for ever' : `kept for ${retentionMs} ms`
  return compacted ? `compacted and ${kept}` : kept
}

function placesOf({ name, partitions }: TopicSpec): TopicPartition[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition }))
}

function namesOf(specs: readonly TopicSpec[]): string {
  return topicsNamed(specs.map(({ name }) => name))
}

function questionOf(request: Question['request'], places: readonly TopicPartition[]): Question {
  return { request, resource: topicsNamed(places.map(({ topic }) => topic)) }
}

/**
 * Ignores that another pod was quicker; what that pod created is compared at the next start. Of the other errors, a lasting
 * one is thrown with the name of its topic, and a passing one is tried again.
 */
function passAlreadyExisting(error: unknown): void {
  const errors: unknown[] =
    error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : [error]
  const rest = errors.filter(each => codeOf(each) !== CODE.TOPIC_ALREADY_EXISTS)
  const staying = rest.find(each => !isPassing(each, 'CreateTopics'))
  if (staying instanceof Error && 'topic' in staying)
    throw told(staying, { request: 'CreateTopics', resource: `topic ${staying.topic}` })
  if (rest.length > 0) throw rest[0]
}
