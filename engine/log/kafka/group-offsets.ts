/** The offsets that a group keeps at its coordinator: claims in the metadata of some, positions in others. */
import { distinctPlaces, type TopicPartition } from '#core/record.ts'
import { isCoordinatorLost, type Question } from './codes.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import { persist } from './persist.ts'
import { byTopic } from './wire.ts'

export interface StoredOffset {
  readonly offset: number
  readonly metadata: string
}

export interface OffsetToStore extends TopicPartition {
  readonly offset: number
  readonly metadata: string | null
}

/** Who stores: the coordinator refuses members and generations that are not the current ones. */
export interface GroupIdentity {
  readonly group: string
  readonly memberId: string
  readonly generation: number
}

/** Sends the offsets once. Rejects with what the coordinator answered, or with the trouble of the connection. */
export async function storeOffsets(
  network: Network,
  identity: GroupIdentity,
  offsets: readonly OffsetToStore[],
): Promise<void> {
  const { group, memberId, generation } = identity
  const topics = byTopic(
    offsets,
    each => each.topic,
    ({ partition, offset, metadata }) => ({ partition, offset: String(offset), metadata }),
  )
  const node = await network.coordinator('group', group)
  try {
    await network.ask(node, broker =>
      broker.offsetCommit({ groupId: group, groupGenerationId: generation, memberId, topics }),
    )
  } catch (error) {
    if (isCoordinatorLost(error)) network.outdated()
    throw error
  }
}

/** The stored offsets in the order asked; tries again while the coordinator is away. */
export async function readOffsets(
  network: Network,
  settings: KafkaSettings,
  group: string,
  places: readonly TopicPartition[],
): Promise<readonly (StoredOffset | undefined)[]> {
  if (places.length === 0) return []
  const topics = byTopic(
    distinctPlaces(places),
    place => place.topic,
    ({ partition }) => ({ partition }),
  )
  const question = { request: 'OffsetFetch', resource: `group ${group}`, topics: topicsOf(places) } as const
  const { responses } = await askCoordinator(network, settings, group, question, (node: number) =>
    network.ask(node, broker => broker.offsetFetch({ groupId: group, topics })),
  )
  const found = new Map<string, StoredOffset>()
  for (const { topic, partitions } of responses) {
    for (const each of partitions) {
      const offset = Number(each.offset)
      if (offset >= 0) found.set(`${topic}/${each.partition}`, { offset, metadata: each.metadata ?? '' })
    }
  }
  return places.map(place => found.get(`${place.topic}/${place.partition}`))
}

/** Asks the present coordinator of a group. For questions only: they may be repeated. */
export async function askCoordinator<Answer>(
  network: Network,
  settings: KafkaSettings,
  group: string,
  question: Question,
  ask: (node: number) => Promise<Answer>,
): Promise<Answer> {
  return persist(settings, question, async () => {
    try {
      return await ask(await network.coordinator('group', group))
    } catch (error) {
      if (isCoordinatorLost(error)) network.outdated()
      throw error
    }
  })
}

export function topicsOf(places: readonly TopicPartition[]): readonly string[] {
  return places.map(({ topic }) => topic)
}
