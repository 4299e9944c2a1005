/**
 * Moves the leaders of partitions as an operator does: each partition's replicas are put in another order, and the first of
 * them is elected. The coordinators of groups and of transactions move with the partitions of Kafka's own topics.
 */
import { connect } from 'node:net'
import kafkajs from 'kafkajs'
import { type Broker, createBroker } from '#engine/log/kafka/library.ts'
import { wireRequest } from '#engine/log/kafka/wire.ts'

const CONNECT_WITHIN_MS = 5_000
const ELECT_WITHIN_MS = 10_000
const KAFKAS_OWN = ['__consumer_offsets', '__transaction_state']

interface TopicPlaces {
  readonly topic: string
  readonly partitions: readonly number[]
}

/** `shift` is by how many places the replicas are turned; a broker that is away is not elected. */
export async function moveLeaders(
  address: string,
  prefix: string,
  shift: number,
): Promise<readonly TopicPlaces[]> {
  const admin = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const names = (await admin.listTopics()).filter(
      each => each.startsWith(prefix) || KAFKAS_OWN.includes(each),
    )
    const { topics } = await admin.fetchTopicMetadata({ topics: names })
    await admin.alterPartitionReassignments({
      topics: topics.map(({ name, partitions }) => ({
        topic: name,
        partitionAssignment: partitions.map(({ partitionId, replicas }) => ({
          partition: partitionId,
          replicas: [...replicas.slice(shift), ...replicas.slice(0, shift)],
        })),
      })),
    })
    const places = topics.map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.map(each => each.partitionId),
    }))
    await asking(address, broker => broker.connectionPool.send(electLeadersRequest(places)))
    return places
  } finally {
    await admin.disconnect()
  }
}

/** The broker that coordinates the transactions of an id. */
export async function transactionCoordinator(address: string, transactionalId: string): Promise<number> {
  const asked = { groupId: transactionalId, coordinatorType: 1 } as const
  const { coordinator } = await asking(address, broker => broker.findGroupCoordinator(asked))
  return coordinator.nodeId
}

async function asking<T>(address: string, ask: (broker: Broker) => Promise<T>): Promise<T> {
  const [host = '', port = ''] = address.split(':')
  let close = () => {}
  const broker = createBroker({
    host,
    port: Number(port),
    clientId: 'rig',
    connectionTimeout: CONNECT_WITHIN_MS,
    sasl: undefined,
    ssl: undefined,
    socketFactory: place => {
      const socket = connect(place.port, place.host, place.onConnect)
      close = () => socket.destroy()
      return socket
    },
  })
  try {
    await broker.connect()
    return await ask(broker)
  } finally {
    close()
  }
}

/** ElectLeaders, version 0: the preferred ones. What it answers for each partition shows in the metadata. */
function electLeadersRequest(places: readonly TopicPlaces[]) {
  return wireRequest({
    apiKey: 43,
    apiVersion: 0,
    apiName: 'ElectLeaders',
    sizeBytes: 4_096,
    write(writer) {
      writer.int32(places.length)
      for (const { topic, partitions } of places) {
        writer.string(topic)
        writer.int32(partitions.length)
        for (const each of partitions) writer.int32(each)
      }
      writer.int32(ELECT_WITHIN_MS)
    },
    read: () => ({}),
  })
}
