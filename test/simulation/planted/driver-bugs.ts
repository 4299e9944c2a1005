/** Bugs in how the Kafka driver repeats and asks: each is nearly right, and wrong when an answer is lost at the wrong moment. */
import { partitionKey, type TaskId, type TopicPartition } from '#core/record.ts'
import { meaningOf } from '#engine/log/kafka/broker-codes.ts'
import { ByteReader } from '#engine/log/kafka/bytes.ts'
import { isUnanswered } from '#engine/log/kafka/codes.ts'
import type { WireRequest } from '#engine/log/kafka/library.ts'
import { Network } from '#engine/log/kafka/network.ts'
import type { ProducedSlice } from '#engine/log/kafka/produce-request.ts'
import { Transactions } from '#engine/log/kafka/transactions.ts'
import type { GroupOptions, Log, Membership } from '#engine/log/log.ts'
import { restamp, stampOf } from '#testing/simulation/driver/partition-log.ts'
import { readProduce } from '#testing/simulation/driver/record-requests.ts'
import { withLog, withMembership } from './delegate.ts'
import { type Alteration, replace } from './replaced-method.ts'

const PRODUCE = 0
const FLEXIBLE_PRODUCE = 12

type Send = <Answer>(request: WireRequest<Answer>) => Promise<Answer>

/** Puts something else in the place of how Produce requests are sent. */
const producing = (produce: <Answer>(request: WireRequest<Answer>, send: Send) => Promise<Answer>) =>
  replace(Network.prototype, 'send', original => {
    return async function send<Answer>(
      this: Network,
      node: number,
      request: WireRequest<Answer>,
      waitMs?: number,
    ): Promise<Answer> {
      const asBefore: Send = each => Reflect.apply(original, this, [node, each, waitMs])
      return request.request.apiKey === PRODUCE ? produce(request, asBefore) : asBefore(request)
    }
  })

/** Batches whose request was not answered are sent again, numbered as new ones. */
export const produceRepeated: Alteration = () =>
  producing(async (request, send) => {
    const again = await renumbered(request, (_, { count }) => count)
    try {
      return await send(request)
    } catch (error) {
      if (!isUnanswered(error)) throw error
      return send(again)
    }
  })

/** A batch that was refused counts as appended: what follows in its partition is numbered after it. */
export const refusedCounted: Alteration = () => {
  const counted = new Map<string, number>()
  return producing(async (request, send) => {
    const counts = new Map<string, readonly [key: string, count: number]>()
    const changed = await renumbered(request, (place, { producerId, epoch, count }) => {
      const key = `${producerId} ${epoch} ${partitionKey(place)}`
      counts.set(partitionKey(place), [key, count])
      return counted.get(key) ?? 0
    })
    const answer = await send(changed)
    // A Produce request is answered so.
    for (const slice of answer as readonly ProducedSlice[]) {
      const [key = '', count = 0] = counts.get(partitionKey(slice)) ?? []
      if (meaningOf(slice.code, 'Produce') === 'record') counted.set(key, (counted.get(key) ?? 0) + count)
    }
    return answer
  })
}

/** An end that was not answered is followed by an abort, which is taken for its repetition. */
export const endFollowedByAbort: Alteration = () =>
  replace(Transactions.prototype, 'finish', original => {
    return function finish(this: Transactions, identity, outcome) {
      return original.call(this, identity, outcome).catch(error => {
        if (!isUnanswered(error)) throw error
        return original.call(this, identity, 'abort')
      })
    }
  })

/** Nobody asks the leaders for what a transaction has left open. */
export const openNotAsked: Alteration = () => replace(Transactions.prototype, 'open', () => async () => [])

/** A claim is sent under the generation that is current when it is sent. */
export function claimedInCurrent(log: Log): Log {
  let current = 0
  const joinGroup = ({ listener, ...options }: GroupOptions): Membership => {
    const joined = (generation: number, tasks: readonly TaskId[]) => {
      current = generation
      listener.joined(generation, tasks)
    }
    return log.joinGroup({ ...options, listener: { joined, lost: reason => listener.lost(reason) } })
  }
  return withMembership(withLog(log, { joinGroup }), membership => ({
    claim: (_, claims) => membership.claim(current, claims),
  }))
}

/** The same batches with other sequence numbers, each so much higher. */
async function renumbered<Answer>(
  { request, response }: WireRequest<Answer>,
  higherBy: (place: TopicPartition, stamp: ReturnType<typeof stampOf>) => number,
): Promise<WireRequest<Answer>> {
  const { buffer } = await request.encode()
  const bytes = Buffer.from(buffer)
  const { slices } = readProduce(new ByteReader(bytes), request.apiVersion >= FLEXIBLE_PRODUCE)
  for (const { topic, partition, batch } of slices) {
    const stamp = stampOf(batch)
    restamp(batch, stamp.sequence + higherBy({ topic, partition }, stamp))
  }
  return { request: { ...request, encode: async () => ({ buf: bytes, buffer: bytes }) }, response }
}
