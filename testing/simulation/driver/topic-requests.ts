/** What brokers answer about topics: creating, growing and describing them, where they begin and end, and deleting beginnings. */
import type { TopicPartition } from '#core/record.ts'
import type { RequestName } from '#engine/log/kafka/broker-codes.ts'
import type { Broker } from '#engine/log/kafka/library.ts'
import { LibraryError, libraryRefusal } from './library-refusal.ts'
import type { ScriptedCluster } from './scripted-cluster.ts'

const CODE = { unknownTopic: 3, alreadyExists: 36, invalidPartitions: 37 } as const
const START = -2

/** Answers a request, unless a broker refuses it with a code: then the answer is what the library makes of that. */
export type Plain = <Answer>(
  name: RequestName,
  act: () => Answer | Promise<Answer>,
  refused?: (code: number) => Error,
) => Promise<Answer>

type TopicMethods = Pick<
  Broker,
  'listOffsets' | 'createTopics' | 'createPartitions' | 'describeConfigs' | 'deleteRecords'
>

export function topicMethods(cluster: ScriptedCluster, node: number, plain: Plain): TopicMethods {
  return {
    listOffsets: ({ topics, isolationLevel }) =>
      plain('ListOffsets', () => {
        const offsetOf = (place: TopicPartition, timestamp: number) => {
          const log = led(cluster, node, place)
          const end = isolationLevel === 1 ? log.stableEnd : log.end
          return String(timestamp === START ? log.start : end)
        }
        return {
          responses: topics.map(({ topic, partitions }) => ({
            topic,
            partitions: partitions.map(({ partition, timestamp }) => ({
              partition,
              offset: offsetOf({ topic, partition }, timestamp),
            })),
          })),
        }
      }),
    createTopics: ({ topics }) => {
      const refused = (names: readonly string[], code: number) =>
        new LibraryError('Topic creation errors', {
          errors: names.map(topic => libraryRefusal(code, { topic })),
        })
      const names = topics.map(({ topic }) => topic)
      const create = () => {
        const existing = names.filter(name => cluster.topics.has(name))
        for (const { topic, numPartitions, configEntries } of topics)
          if (!existing.includes(topic)) cluster.create(topic, numPartitions, configEntries)
        if (existing.length > 0) throw refused(existing, CODE.alreadyExists)
      }
      return plain('CreateTopics', create, code => refused(names, code))
    },
    createPartitions: ({ topicPartitions }) =>
      plain('CreatePartitions', () => {
        for (const { topic, count } of topicPartitions) {
          const found = cluster.topics.get(topic)
          if (!found) throw libraryRefusal(CODE.unknownTopic)
          if (found.partitions.length >= count) throw libraryRefusal(CODE.invalidPartitions)
          cluster.grow(topic, count)
        }
      }),
    describeConfigs: ({ resources }) =>
      plain('DescribeConfigs', () => ({
        resources: resources.map(({ name, configNames }) => {
          const found = cluster.topics.get(name)
          if (!found) throw libraryRefusal(CODE.unknownTopic)
          const configEntries = found.configs
            .filter(each => configNames.includes(each.name))
            .map(each => ({ configName: each.name, configValue: each.value }))
          return { resourceName: name, configEntries }
        }),
      })),
    deleteRecords: ({ topics }) => {
      const places = topics.flatMap(({ topic, partitions }) => partitions.map(each => ({ topic, ...each })))
      const refused = (code: number) =>
        new LibraryError('Error while deleting records', {
          partitions: places.map(({ partition }) => ({ partition, error: libraryRefusal(code) })),
        })
      const trim = () => {
        for (const each of places) led(cluster, node, each).trim(Number(each.offset))
      }
      return plain('DeleteRecords', trim, refused)
    },
  }
}

function led(cluster: ScriptedCluster, node: number, place: TopicPartition) {
  const code = cluster.leadershipCode(node, place)
  const log = cluster.find(place)
  if (code !== 0 || !log) throw libraryRefusal(code || CODE.unknownTopic)
  return log
}
