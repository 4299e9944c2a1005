/** What is to be done about a transaction that holds readers back: its coordinator knows how it ended, or that it goes on. */
import { hasCode } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { type OpenTransaction, outcomeOf } from '../repair.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import { describeProducersRequest, listTransactionsRequest } from './transaction-requests.ts'
import { Transactions } from './transactions.ts'
import { Refusal } from './wire.ts'

/** `undefined` when no transaction is open there. */
export async function adviceOn(
  network: Network,
  settings: KafkaSettings,
  place: TopicPartition,
): Promise<string | undefined> {
  const open = await oldestOpen(network, place)
  if (open === undefined) return undefined
  const { producerId, firstOffset } = open
  const id = await idOf(network, producerId)
  const command = `kafka-transactions.sh abort --topic ${place.topic} --partition ${place.partition} --start-offset ${firstOffset}`
  const unknown =
    `nobody knows any more how the transaction of producer id ${producerId} from offset ${firstOffset} on ended ` +
    `(kafka-transactions.sh find-hanging lists it); ${command} drops what it wrote there`
  if (id === undefined) return unknown
  const subject = `the transaction of producer ${id} (id ${producerId}) from offset ${firstOffset} on`
  switch (await endOf(network, settings, id, open)) {
    case 'commit':
      return (
        `${subject} was committed, and Kafka has lost its marker there: do not abort it, that would drop what was committed; ` +
        'the engine ends it when it takes that producer over, so start its pod again'
      )
    case 'abort':
      return `${subject} was aborted, and Kafka has lost its marker there: ${command} ends it, as does a new start of its pod`
    case 'ongoing':
      return `${subject} is ongoing: its producer, or its time-out, ends it; kafka-transactions.sh find-hanging lists it if not`
    default:
      return unknown
  }
}

async function oldestOpen(network: Network, place: TopicPartition): Promise<OpenTransaction | undefined> {
  const [node = 0] = [...(await network.byLeader([place])).keys()]
  const [answer] = await network.send(node, describeProducersRequest([place]))
  if (answer && answer.code !== 0) throw new Refusal('DescribeProducers', answer.code, partitionKey(place))
  const open = (answer?.producers ?? []).filter(each => each.firstOffset >= 0)
  const [oldest] = open.toSorted((one, other) => one.firstOffset - other.firstOffset)
  return oldest && { ...place, ...oldest }
}

/** Each broker lists what it coordinates. */
async function idOf(network: Network, producerId: string): Promise<string | undefined> {
  const nodes = await network.nodes()
  const lists = await Promise.all(
    nodes.map(node => network.send(node, listTransactionsRequest([producerId]))),
  )
  return lists.flat()[0]?.id
}

async function endOf(
  network: Network,
  settings: KafkaSettings,
  id: string,
  open: OpenTransaction,
): Promise<'commit' | 'abort' | 'ongoing' | undefined> {
  const transactions = await Transactions.of(network, settings, id)
  const described = await transactions.describe()
  if (described?.state === 'ending') return 'ongoing'
  try {
    return outcomeOf(transactions, { described, open: [open] }) ?? 'ongoing'
  } catch (error) {
    if (hasCode(error, 'TRANSACTION_TORN')) return undefined
    throw error
  }
}
