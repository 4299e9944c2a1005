/** The AddPartitionsToTxn request. Unlike kafkajs' own, its answer says which partitions are refused. */

import type { TopicPartition } from '#core/record.ts'
import { type Meaning, meaningOf } from './broker-codes.ts'
import type { ByteReader } from './bytes.ts'
import { CODE } from './codes.ts'
import type { ProducerIdentity, WireRequest } from './library.ts'
import { byTopic, Refusal, wireRequest } from './wire.ts'

export interface AddedPartition extends TopicPartition {
  readonly code: number
}

export function addPartitionsRequest(
  identity: ProducerIdentity,
  places: readonly TopicPartition[],
): WireRequest<AddedPartition[]> {
  const topics = byTopic(
    places,
    place => place.topic,
    place => place.partition,
  )
  return wireRequest({
    apiKey: 24,
    apiVersion: 1,
    apiName: 'AddPartitionsToTxn',
    sizeBytes: 256 + places.length * 32,
    write(writer) {
      writer.string(identity.transactionalId)
      writer.int64(BigInt(identity.producerId))
      writer.int16(identity.producerEpoch)
      writer.int32(topics.length)
      for (const { topic, partitions } of topics) {
        writer.string(topic)
        writer.int32(partitions.length)
        for (const partition of partitions) writer.int32(partition)
      }
    },
    read: readAdded,
  })
}

function readAdded(reader: ByteReader): AddedPartition[] {
  reader.int32()
  const topics = reader.array(() => {
    const topic = reader.string() ?? ''
    return reader.array(() => ({ topic, partition: reader.int32(), code: reader.int16() }))
  })
  return topics.flat()
}

/** Refusals of records or partitions that no second try changes. */
export const STAYING: ReadonlySet<Meaning> = new Set(['record', 'rights', 'configuration', 'mistake'])

/** The partitions that are refused for good; an answer that concerns the transaction as a whole, or that passes, is thrown. */
export function refusedIn(answers: readonly AddedPartition[]): AddedPartition[] {
  // Where one is refused none is added: the others were not attempted.
  const refused = answers.filter(({ code }) => code !== 0 && code !== CODE.OPERATION_NOT_ATTEMPTED)
  for (const { code } of refused) {
    const isOfPartition = STAYING.has(meaningOf(code, 'AddPartitionsToTxn'))
    if (!isOfPartition || code === CODE.TRANSACTIONAL_ID_REFUSED)
      throw new Refusal('AddPartitionsToTxn', code)
  }
  if (refused.length === 0 && answers.some(({ code }) => code !== 0))
    throw new Refusal('AddPartitionsToTxn', CODE.OPERATION_NOT_ATTEMPTED)
  return refused
}
