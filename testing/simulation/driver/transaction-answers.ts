/** What brokers answer of transactions, byte by byte: adding to one, ending it, and who has one open where. */

import type { ByteReader } from '#engine/log/kafka/bytes.ts'
import { ByteWriter } from '#engine/log/kafka/bytes.ts'
import { codeOf } from '#engine/log/kafka/codes.ts'
import type { DrawnRefusal } from './request-faults.ts'
import type { ScriptedCluster } from './scripted-cluster.ts'
import type { WireQuestion } from './wire-question.ts'

const CODE = { notCoordinator: 16, notAttempted: 55, unknownId: 105 } as const

export function addPartitions(cluster: ScriptedCluster, node: number, reader: ByteReader): WireQuestion {
  const identity = readIdentity(reader, false)
  const places = reader
    .array(() => {
      const topic = reader.string() ?? ''
      return reader.array(() => ({ topic, partition: reader.int32() }))
    })
    .flat()
  const act = (refusal: DrawnRefusal) => {
    const add = () => cluster.transactions.add(identity, places)
    // Where one is refused none is added.
    const others = refusal.code === 0 ? codeAt(cluster, node, identity, add) : CODE.notAttempted
    const writer = new ByteWriter(256)
    writer.int32(0)
    writer.int32(places.length)
    for (const [index, { topic, partition }] of places.entries()) {
      writer.string(topic)
      writer.int32(1)
      writer.int32(partition)
      writer.int16(refusal.at(index, places.length) || others)
    }
    return writer.written()
  }
  return { name: 'AddPartitionsToTxn', act }
}

export function endTransaction(cluster: ScriptedCluster, node: number, reader: ByteReader): WireQuestion {
  reader.tags()
  const identity = readIdentity(reader, true)
  const outcome = reader.int8() === 1 ? 'commit' : 'abort'
  const act = (refusal: DrawnRefusal) => {
    let next = identity
    const end = () => {
      next = cluster.transactions.endRaising(identity, outcome)
    }
    const code = refusal.code || codeAt(cluster, node, identity, end)
    const writer = new ByteWriter(64)
    writer.tags()
    writer.int32(0)
    writer.int16(code)
    writer.int64(BigInt(next.producerId))
    writer.int16(next.producerEpoch)
    writer.tags()
    return writer.written()
  }
  return { name: 'EndTxn', act }
}

export function describeProducers(cluster: ScriptedCluster, node: number, reader: ByteReader): WireQuestion {
  reader.tags()
  const places = reader
    .compactArray(() => {
      const topic = reader.compactString() ?? ''
      const own = reader.compactArray(() => ({ topic, partition: reader.int32() }))
      reader.tags()
      return own
    })
    .flat()
  const act = (refusal: DrawnRefusal) => {
    const writer = new ByteWriter(1_024)
    writer.tags()
    writer.int32(0)
    writer.compactLength(places.length)
    for (const [index, place] of places.entries()) {
      const code = refusal.at(index, places.length) || cluster.leadershipCode(node, place)
      const producers = code === 0 ? [...(cluster.find(place)?.producers ?? [])] : []
      writer.compactString(place.topic)
      writer.compactLength(1)
      writer.int32(place.partition)
      writer.int16(code)
      writer.compactLength(-1)
      writer.compactLength(producers.length)
      for (const [producerId, { epoch, firstOffset }] of producers) {
        writer.int64(producerId)
        writer.int32(epoch)
        writer.int32(0)
        writer.int64(0)
        writer.int32(0)
        writer.int64(firstOffset)
        writer.tags()
      }
      for (let tags = 0; tags < 2; tags++) writer.tags()
    }
    return writer.written()
  }
  return { name: 'DescribeProducers', act }
}

export function describeTransactions(
  cluster: ScriptedCluster,
  node: number,
  reader: ByteReader,
): WireQuestion {
  reader.tags()
  const [id = ''] = reader.compactArray(() => reader.compactString() ?? '')
  const act = (refusal: DrawnRefusal) => {
    const found = cluster.transactions.find(id)
    const known = found ? 0 : CODE.unknownId
    const code = refusal.code || (cluster.inCharge(`producer ${id}`) === node ? known : CODE.notCoordinator)
    const places = [...(found?.partitions.values() ?? [])]
    const writer = new ByteWriter(512)
    writer.tags()
    writer.int32(0)
    writer.compactLength(1)
    writer.int16(code)
    writer.compactString(id)
    writer.compactString(found?.state ?? '')
    writer.int32(found?.timeoutMs ?? 0)
    writer.int64(found?.startedAt ?? -1)
    writer.int64(found?.producerId ?? -1)
    writer.int16(found?.epoch ?? -1)
    writer.compactLength(places.length)
    for (const { topic, partition } of places) {
      writer.compactString(topic)
      writer.compactLength(1)
      writer.int32(partition)
      writer.tags()
    }
    for (let tags = 0; tags < 2; tags++) writer.tags()
    return writer.written()
  }
  return { name: 'DescribeTransactions', act }
}

export function listTransactions(cluster: ScriptedCluster, node: number, reader: ByteReader): WireQuestion {
  reader.tags()
  reader.compactArray(() => reader.compactString())
  const wanted = new Set(reader.compactArray(() => reader.view(8).readBigInt64BE()))
  const act = (refusal: DrawnRefusal) => {
    const found = cluster.transactions.all.filter(
      ({ producerId, transactionalId }) =>
        wanted.has(producerId) && cluster.inCharge(`producer ${transactionalId}`) === node,
    )
    const listed = refusal.code === 0 ? found : []
    const writer = new ByteWriter(512)
    writer.tags()
    writer.int32(0)
    writer.int16(refusal.code)
    writer.compactLength(0)
    writer.compactLength(listed.length)
    for (const { transactionalId, producerId, state } of listed) {
      writer.compactString(transactionalId)
      writer.int64(producerId)
      writer.compactString(state)
      writer.tags()
    }
    writer.tags()
    return writer.written()
  }
  return { name: 'ListTransactions', act }
}

function codeAt(
  cluster: ScriptedCluster,
  node: number,
  { transactionalId }: { readonly transactionalId: string },
  act: () => void,
): number {
  try {
    cluster.checkCoordinator(node, 'producer', transactionalId)
    act()
    return 0
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    return code
  }
}

function readIdentity(reader: ByteReader, isFlexible: boolean) {
  const transactionalId = (isFlexible ? reader.compactString() : reader.string()) ?? ''
  const producerId = reader.view(8).readBigInt64BE().toString()
  return { transactionalId, producerId, producerEpoch: reader.int16() }
}
