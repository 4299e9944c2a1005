/**
 * Reads the requests that the driver encodes itself, and writes what brokers answer, byte by byte as the protocol has it. A
 * `refusal` is the code with which a broker refuses all that was asked.
 */
import type { TopicPartition } from '#core/record.ts'
import type { RequestName } from '#engine/log/kafka/broker-codes.ts'
import { ByteReader, ByteWriter } from '#engine/log/kafka/bytes.ts'
import { codeOf } from '#engine/log/kafka/codes.ts'
import { Refusal } from '#engine/log/kafka/wire.ts'
import { stampOf } from './partition-log.ts'
import { readFetch, readProduce, writeFetched } from './record-requests.ts'
import { NODES, type ScriptedCluster } from './scripted-cluster.ts'

export interface WireQuestion {
  readonly name: RequestName
  /** A fetch waits so long for records. */
  readonly waitMs?: number
  act(refusal: number): Buffer
}

/** What a broker makes of a request by its number in the protocol. */
type Reading = (cluster: ScriptedCluster, node: number, reader: ByteReader, version: number) => WireQuestion

const READINGS: Readonly<Record<number, Reading>> = {
  0: produce,
  1: fetch,
  3: metadata,
  18: features,
  24: addPartitions,
  26: endTransaction,
  61: describeProducers,
  65: describeTransactions,
}
const PRODUCE_ADDS = 12
/** What the coordinator's refusals are to a leader that asks it. */
const CODE = { unknownTopic: 3, noLeader: 5, notEnoughReplicas: 19, unknownId: 105 } as const
const LISTS_OF_NODES = 3

export function questionOf(
  cluster: ScriptedCluster,
  node: number,
  {
    apiKey,
    apiVersion,
    bytes,
  }: { readonly apiKey: number; readonly apiVersion: number; readonly bytes: Buffer },
): WireQuestion {
  const reading = READINGS[apiKey]
  if (!reading) throw new Refusal(`request ${apiKey} of the script`, 35)
  return reading(cluster, node, new ByteReader(bytes), apiVersion)
}

function produce(cluster: ScriptedCluster, node: number, reader: ByteReader, version: number): WireQuestion {
  const adds = version >= PRODUCE_ADDS
  const { transactionalId, slices } = readProduce(reader, adds)
  const append = (place: TopicPartition, batch: Buffer) => {
    const code = cluster.leadershipCode(node, place)
    if (code !== 0) return { code, baseOffset: -1 }
    const identity = { transactionalId, ...identityOf(batch) }
    try {
      if (cluster.inCharge(`producer ${transactionalId}`) === undefined) throw new Refusal('Produce', 15)
      if (adds) cluster.transactions.add(identity, [place])
      else cluster.transactions.verify(identity, place)
    } catch (error) {
      const refused = codeOf(error) ?? 0
      return { code: refused === 15 ? CODE.notEnoughReplicas : refused, baseOffset: -1 }
    }
    // A copy: the same request may arrive twice.
    return cluster.find(place)?.append(Buffer.from(batch)) ?? { code: CODE.unknownTopic, baseOffset: -1 }
  }
  const act = (refusal: number) => {
    const writer = new ByteWriter(1_024)
    if (adds) writer.tags()
    length(writer, slices.length, adds)
    for (const { topic, partition, batch } of slices) {
      const place = { topic, partition }
      const { code, baseOffset } = refusal ? { code: refusal, baseOffset: -1 } : append(place, batch)
      text(writer, topic, adds)
      length(writer, 1, adds)
      writer.int32(partition)
      writer.int16(code)
      for (const each of [baseOffset, -1, 0]) writer.int64(each)
      length(writer, 0, adds)
      text(writer, null, adds)
      if (adds) for (let tags = 0; tags < 2; tags++) writer.tags()
    }
    return writer.written()
  }
  return { name: 'Produce', act }
}

function fetch(cluster: ScriptedCluster, node: number, reader: ByteReader): WireQuestion {
  const { waitMs, places } = readFetch(reader)
  const names = new Map([...cluster.topics.values()].map(({ id, name }) => [id, name]))
  const act = (refusal: number) =>
    writeFetched(
      places.map(place => {
        const topic = names.get(place.topicId) ?? ''
        const own = { topic, partition: place.partition }
        return { ...place, code: refusal || cluster.leadershipCode(node, own), log: cluster.find(own) }
      }),
    )
  return { name: 'Fetch', waitMs, act }
}

function metadata(cluster: ScriptedCluster, _node: number, reader: ByteReader): WireQuestion {
  reader.tags()
  const names = reader.compactArray(() => {
    reader.uuid()
    const name = reader.compactString() ?? ''
    reader.tags()
    return name
  })
  const act = (refusal: number) => {
    const writer = new ByteWriter(1_024)
    writer.tags()
    writer.int32(0)
    writer.compactLength(NODES.length)
    for (const node of NODES) {
      writer.int32(node)
      writer.compactString(`broker-${node}`)
      writer.int32(9_092)
      writer.compactLength(-1)
      writer.tags()
    }
    writer.compactString('scripted')
    writer.int32(1)
    writer.compactLength(names.length)
    for (const name of names) writeTopic(writer, cluster, name, refusal)
    return writer.written()
  }
  return { name: 'Metadata', act }
}

function writeTopic(writer: ByteWriter, cluster: ScriptedCluster, name: string, refusal: number): void {
  const topic = cluster.topics.get(name)
  writer.int16(topic ? 0 : CODE.unknownTopic)
  writer.compactString(name)
  writer.uuid(topic?.id ?? Buffer.alloc(16).toString('base64url'))
  writer.int8(0)
  writer.compactLength(topic?.partitions.length ?? 0)
  for (const { place } of topic?.partitions ?? []) {
    const leader = refusal ? undefined : cluster.leaderOf(place)
    writer.int16(leader === undefined ? CODE.noLeader : 0)
    writer.int32(place.partition)
    writer.int32(leader ?? -1)
    writer.int32(0)
    for (let list = 0; list < LISTS_OF_NODES; list++) writer.compactLength(0)
    writer.tags()
  }
  writer.int32(0)
  writer.tags()
}

function features(cluster: ScriptedCluster): WireQuestion {
  const act = (refusal: number) => {
    const feature = new ByteWriter(64)
    feature.compactLength(1)
    feature.compactString('transaction.version')
    feature.int16(cluster.transactionVersion)
    feature.int16(0)
    feature.tags()
    const writer = new ByteWriter(128)
    writer.int16(refusal)
    writer.compactLength(0)
    writer.int32(0)
    for (const each of [1, 2, feature.length]) writer.uvarint(each)
    writer.bytes(feature.written())
    return writer.written()
  }
  return { name: 'ApiVersions', act }
}

function addPartitions(cluster: ScriptedCluster, node: number, reader: ByteReader): WireQuestion {
  const identity = readIdentity(reader, false)
  const places = reader
    .array(() => {
      const topic = reader.string() ?? ''
      return reader.array(() => ({ topic, partition: reader.int32() }))
    })
    .flat()
  const act = (refusal: number) => {
    const code = refusal || codeAt(cluster, node, identity, () => cluster.transactions.add(identity, places))
    const writer = new ByteWriter(256)
    writer.int32(0)
    writer.int32(places.length)
    for (const { topic, partition } of places) {
      writer.string(topic)
      writer.int32(1)
      writer.int32(partition)
      writer.int16(code)
    }
    return writer.written()
  }
  return { name: 'AddPartitionsToTxn', act }
}

function endTransaction(cluster: ScriptedCluster, node: number, reader: ByteReader): WireQuestion {
  reader.tags()
  const identity = readIdentity(reader, true)
  const outcome = reader.int8() === 1 ? 'commit' : 'abort'
  const act = (refusal: number) => {
    let next = identity
    const end = () => {
      next = cluster.transactions.endRaising(identity, outcome)
    }
    const code = refusal || codeAt(cluster, node, identity, end)
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

function describeProducers(cluster: ScriptedCluster, node: number, reader: ByteReader): WireQuestion {
  reader.tags()
  const places = reader
    .compactArray(() => {
      const topic = reader.compactString() ?? ''
      const own = reader.compactArray(() => ({ topic, partition: reader.int32() }))
      reader.tags()
      return own
    })
    .flat()
  const act = (refusal: number) => {
    const writer = new ByteWriter(1_024)
    writer.tags()
    writer.int32(0)
    writer.compactLength(places.length)
    for (const place of places) {
      const code = refusal || cluster.leadershipCode(node, place)
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

function describeTransactions(cluster: ScriptedCluster, node: number, reader: ByteReader): WireQuestion {
  reader.tags()
  const [id = ''] = reader.compactArray(() => reader.compactString() ?? '')
  const act = (refusal: number) => {
    const found = cluster.transactions.find(id)
    const known = found ? 0 : CODE.unknownId
    const code = refusal || (cluster.inCharge(`producer ${id}`) === node ? known : 16)
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

function identityOf(batch: Buffer) {
  const { producerId, epoch } = stampOf(batch)
  return { producerId: producerId.toString(), producerEpoch: epoch }
}

function length(writer: ByteWriter, count: number, isFlexible: boolean): void {
  if (isFlexible) writer.compactLength(count)
  else writer.int32(count)
}

function text(writer: ByteWriter, value: string | null, isFlexible: boolean): void {
  if (!isFlexible) writer.string(value)
  else if (value === null) writer.compactLength(-1)
  else writer.compactString(value)
}
