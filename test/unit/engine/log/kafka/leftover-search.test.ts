/** Which transactional ids the Kafka driver finds to have left a transaction open that has ended, and what it asks for that. */
import { beforeEach, describe, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { LeftoverSearch } from '#engine/log/kafka/leftover-search.ts'
import type { Broker, WireRequest } from '#engine/log/kafka/library.ts'
import type { Network } from '#engine/log/kafka/network.ts'
import { settingsOf } from '#engine/log/kafka/options.ts'
import type {
  DescribedPartition,
  DescribedTransaction,
  ListedTransaction,
  ProducerState,
} from '#engine/log/kafka/transaction-requests.ts'
import { Refusal } from '#engine/log/kafka/wire.ts'

const PLACES = [
  { topic: 'out', partition: 0 },
  { topic: 'out', partition: 1 },
]
const OPEN: ProducerState = { producerId: '7', epoch: 3, firstOffset: 12 }
const REPAIR_TIMEOUT_MS = 899_731

describe('the search for what transactions have left open', () => {
  /** What the leader of each partition says, question after question; the last answer stays. */
  let producers: ProducerState[][]
  let states: Record<string, string>
  let described: DescribedTransaction
  let code: number
  let isAway: (node: number) => boolean
  let asked: string[]
  let outdated: number
  let search: LeftoverSearch

  beforeEach(() => {
    producers = [[OPEN]]
    states = { pod: 'CompleteCommit' }
    described = {
      ...{ code: 0, state: 'CompleteCommit', timeoutMs: 60_000, startedAt: 5 },
      ...{ producerId: '7', epoch: 3, partitions: [] },
    }
    code = 0
    isAway = () => false
    asked = []
    outdated = 0
    search = new LeftoverSearch(network(), settings())
  })

  function settings() {
    return settingsOf({ brokers: [], clientId: 'test', system: realSystem })
  }

  function answerOf(node: number, name: string): unknown {
    asked.push(`${name} ${node}`)
    if (isAway(node)) throw new Refusal('DescribeProducers', 7)
    switch (name) {
      case 'DescribeProducers': {
        const answer = producers[0] ?? []
        if (node === 1 && producers.length > 1) producers.shift()
        const partition: DescribedPartition = {
          ...{ topic: 'out', partition: node - 1, code },
          producers: node === 1 ? answer : [],
        }
        return [partition]
      }
      case 'ListTransactions': {
        const listed = Object.entries(states).map(([id, state]): ListedTransaction => {
          return { id, producerId: '7', state }
        })
        return node === 2 ? listed : []
      }
      case 'DescribeTransactions':
        return described
      default:
        return new Map()
    }
  }

  /** Partition 0 is led by broker 1, partition 1 by broker 2, which coordinates. */
  function network(): Network {
    const send = async <Answer>(node: number, { request }: WireRequest<Answer>) =>
      answerOf(node, request.apiName) as Answer // Scripted above.
    const brokers = (node: number) => ({
      connectionPool: { send: (request: WireRequest<unknown>) => send(node, request) },
    })
    const parts = {
      anyNode: async () => 2,
      nodes: async () => [1, 2],
      coordinator: async () => 2,
      locate: async (places: readonly { partition: number }[]) => ({
        leaders: Map.groupBy(places, each => each.partition + 1),
      }),
      send,
      ask: (node: number, question: (broker: Broker) => unknown) =>
        question(brokers(node) as unknown as Broker),
      outdated: () => void outdated++,
    }
    return parts as unknown as Network // The part of it that is asked.
  }

  it('the search for what transactions have left open finds the producer of a transaction that has ended and is open', async () => {
    expect(await search.find(PLACES)).toEqual(['pod'])
  })

  it('the search for what transactions have left open asks each leader once, and nobody else, where nothing is open', async () => {
    producers = [[{ ...OPEN, firstOffset: -1 }]]
    expect(await search.find(PLACES)).toEqual([])
    expect(asked).toEqual(['DescribeProducers 1', 'DescribeProducers 2'])
  })

  it('the search for what transactions have left open asks no coordinator about a transaction that goes on', async () => {
    states = { pod: 'Ongoing' }
    expect(await search.find(PLACES)).toEqual([])
    expect(asked.slice(2)).toEqual(['ListTransactions 1', 'ListTransactions 2'])
  })

  it('the search for what transactions have left open leaves a producer alone whose transaction ended between two questions', async () => {
    producers = [[OPEN], []]
    expect(await search.find(PLACES)).toEqual([])
  })

  it('the search for what transactions have left open leaves a producer alone that has begun the next transaction between two questions', async () => {
    producers = [[OPEN], [{ ...OPEN, firstOffset: 14 }]]
    expect(await search.find(PLACES)).toEqual([])
  })

  it.each(['Ongoing', 'PrepareCommit'])(
    'believes the coordinator, which says %s, more than a broker that was it',
    async state => {
      described = { ...described, state }
      expect(await search.find(PLACES)).toEqual([])
    },
  )

  it('the search for what transactions have left open finds a repair whose pod has died in it, at the second search', async () => {
    states = { pod: 'Ongoing' }
    described = { ...described, state: 'Ongoing', timeoutMs: REPAIR_TIMEOUT_MS }
    expect([await search.find(PLACES), await search.find(PLACES)]).toEqual([[], ['pod']])
  })

  it('the search for what transactions have left open takes a long transaction for no repair', async () => {
    states = { pod: 'Ongoing' }
    described = { ...described, state: 'Ongoing' }
    expect([await search.find(PLACES), await search.find(PLACES)]).toEqual([[], []])
  })

  it('the search for what transactions have left open goes on with the answers of the others where a broker does not answer', async () => {
    isAway = node => node === 1 && asked.at(-1) === 'ListTransactions 1'
    expect(await search.find(PLACES)).toEqual(['pod'])
    isAway = node => node === 1
    expect(await search.find(PLACES)).toEqual([])
  })

  it.each([
    [6, 1],
    [29, 0],
  ])(
    'looks for leaders again where one has moved, not where it refuses to tell: code %d',
    async (refusal, times) => {
      code = refusal
      producers = [[]]
      expect(await search.find(PLACES)).toEqual([])
      expect(outdated).toBe(times)
    },
  )
})
