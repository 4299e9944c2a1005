/** What the Kafka driver makes of brokers' answers about transactions: rights, time-outs, and what epochs were started for. */
import { beforeEach, describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { realSystem } from '#core/system.ts'
import type { Broker, WireRequest } from '#engine/log/kafka/library.ts'
import type { Network } from '#engine/log/kafka/network.ts'
import { settingsOf } from '#engine/log/kafka/options.ts'
import type { DescribedPartition, DescribedTransaction } from '#engine/log/kafka/transaction-requests.ts'
import { Transactions } from '#engine/log/kafka/transactions.ts'
import { Refusal } from '#engine/log/kafka/wire.ts'
import { codeOf } from '../../../../conformance/log/fixture.ts'

const PLACE = { topic: 'out', partition: 0 }
const DESCRIBED: DescribedTransaction = {
  code: 0,
  state: 'CompleteCommit',
  timeoutMs: 60_000,
  startedAt: 5,
  producerId: '7',
  epoch: 3,
  partitions: [],
}

describe('the transactions of an id', () => {
  /** By the name of the request. */
  let answers: Record<string, unknown>
  let timeoutMaxMs: number
  let startedWith: number[]
  let transactions: Transactions

  beforeEach(async () => {
    answers = { ApiVersions: new Map([['transaction.version', 2]]), DescribeTransactions: DESCRIBED }
    timeoutMaxMs = 900_000
    startedWith = []
    transactions = await open(2)
  })

  function open(transactionVersionMax: 1 | 2): Promise<Transactions> {
    const send = async <Answer>({ request }: WireRequest<Answer>) => answers[request.apiName] as Answer // Scripted above.
    const broker = {
      connectionPool: { send },
      async initProducerId({ transactionTimeout }: { transactionTimeout: number }) {
        startedWith.push(transactionTimeout)
        if (transactionTimeout > timeoutMaxMs) throw new Refusal('InitProducerId', 50)
        return { producerId: '7', producerEpoch: 4 }
      },
    }
    const network = {
      anyNode: async () => 1,
      coordinator: async () => 1,
      locate: async (places: readonly object[]) => ({ leaders: new Map([[1, places]]), lost: new Map() }),
      send: (_: number, request: WireRequest<unknown>) => send(request),
      ask: (_: number, question: (broker: Broker) => unknown) => question(broker as unknown as Broker),
      outdated: () => undefined,
    }
    const settings = settingsOf({ brokers: [], clientId: 'test', system: realSystem, transactionVersionMax })
    // The part of it that is asked.
    return Transactions.of(network as unknown as Network, settings, 'pod')
  }

  it.each([
    [2, 2, true],
    [2, 1, false],
    [1, 2, false],
    [undefined, 2, false],
  ] as const)(
    'the transactions of an id have an epoch each where the cluster has version %s and %d is allowed: %s',
    async (version, max, is) => {
      answers.ApiVersions = new Map(version === undefined ? [] : [['transaction.version', version]])
      expect((await open(max)).endsRaiseEpochs).toBe(is)
    },
  )

  it.each([
    ['Empty', 'empty'],
    ['Ongoing', 'ongoing'],
    ['PrepareCommit', 'ending'],
    ['PrepareAbort', 'ending'],
    ['CompleteCommit', 'committed'],
    ['CompleteAbort', 'aborted'],
    ['SomethingNew', 'ending'],
  ])('the transactions of an id are %s for the coordinator and so %s for us', async (state, expected) => {
    answers.DescribeTransactions = { ...DESCRIBED, state }
    expect(await transactions.describe()).toMatchObject({
      state: expected,
      purpose: 'write',
      producerId: '7',
      epoch: 3,
    })
  })

  it.each(['write', 'commit', 'abort'] as const)(
    'the transactions of an id tell later that an epoch was started to %s',
    async purpose => {
      expect(await transactions.start(purpose)).toEqual({ producerId: '7', epoch: 4 })
      answers.DescribeTransactions = { ...DESCRIBED, timeoutMs: startedWith[0] }
      expect(await transactions.describe()).toMatchObject({ purpose })
    },
  )

  it('the transactions of an id are repaired in the time that the brokers allow', async () => {
    timeoutMaxMs = 60_000
    await transactions.start('commit')
    answers.DescribeTransactions = { ...DESCRIBED, timeoutMs: startedWith.at(-1) }
    expect(startedWith.at(-1)).toBeLessThan(timeoutMaxMs)
    expect(await transactions.describe()).toMatchObject({ purpose: 'commit' })
  })

  it('the transactions of an id are unknown where the coordinator has never heard of the id', async () => {
    answers.DescribeTransactions = { ...DESCRIBED, code: 105 }
    expect(await transactions.describe()).toBe(undefined)
  })

  it('the transactions of an id are unchecked where rights are missing, which names them', async () => {
    const partition: DescribedPartition = { ...PLACE, code: 29, producers: [] }
    answers.DescribeProducers = [partition]
    await expect(transactions.open('7', [PLACE])).rejects.toThrow(
      /TRANSACTION_UNCHECKED.*producer pod .*code 29\) for out\/0; grant READ on the topics and DESCRIBE/,
    )
    answers.DescribeTransactions = { ...DESCRIBED, code: 53 }
    expect(await codeOf(transactions.describe())).toBe('TRANSACTION_UNCHECKED')
  })

  it('the transactions of an id are asked for again where a leader has moved', async () => {
    answers.DescribeProducers = [{ ...PLACE, code: 6, producers: [] }]
    const error = await transactions.open('7', [PLACE]).catch(thrown => thrown)
    expect(error).not.toBeInstanceOf(CaudalError)
    expect(error).toMatchObject({ code: 6 })
  })

  it('the transactions of an id that are open are those of the producer alone', async () => {
    const producers = [
      { producerId: '7', epoch: 3, firstOffset: 12 },
      { producerId: '8', epoch: 3, firstOffset: 13 },
    ]
    const idle = { producerId: '7', epoch: 3, firstOffset: -1 }
    answers.DescribeProducers = [
      { ...PLACE, code: 0, producers },
      { topic: 'out', partition: 1, code: 0, producers: [idle] },
    ]
    expect(await transactions.open('7', [PLACE])).toEqual([{ ...PLACE, ...producers[0] }])
  })
})
