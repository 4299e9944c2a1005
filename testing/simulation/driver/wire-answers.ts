/**
 * Reads the requests that the driver encodes itself, and writes what brokers answer, byte by byte as the protocol has it. A
 * `refusal` says what of it a broker refuses, and with which code.
 */
import { CaudalError } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { meaningOf } from '#engine/log/kafka/broker-codes.ts'
import { ByteReader, ByteWriter } from '#engine/log/kafka/bytes.ts'
import { codeOf } from '#engine/log/kafka/codes.ts'
import { Refusal } from '#engine/log/kafka/wire.ts'
import { stampOf } from './partition-log.ts'
import { readFetch, readProduce, writeFetched } from './record-requests.ts'
import type { DrawnRefusal } from './request-faults.ts'
import { NODES, type ScriptedCluster } from './scripted-cluster.ts'
import {
  addPartitions,
  describeProducers,
  describeTransactions,
  endTransaction,
  listTransactions,
} from './transaction-answers.ts'
import type { Reading, WireQuestion } from './wire-question.ts'

const READINGS: Readonly<Record<number, Reading>> = {
  0: produce,
  1: fetch,
  3: metadata,
  18: features,
  24: addPartitions,
  26: endTransaction,
  61: describeProducers,
  65: describeTransactions,
  66: listTransactions,
}
const PRODUCE_ADDS = 12
/** What the coordinator's refusals are to a leader that asks it. */
const CODE = {
  unknownTopic: 3,
  noLeader: 5,
  notEnoughReplicas: 19,
  notAttempted: 55,
  unknownId: 105,
} as const
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
  if (!reading) throw new CaudalError('INTERNAL', { reason: `no script answers request ${apiKey}` })
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
  const act = (refusal: DrawnRefusal) => {
    const writer = new ByteWriter(1_024)
    if (adds) writer.tags()
    length(writer, slices.length, adds)
    for (const [index, { topic, partition, batch }] of slices.entries()) {
      const place = { topic, partition }
      const refused = refusal.at(index, slices.length)
      const unwritable = cluster.unwritable.get(partitionKey(place))
      const appended = refused || unwritable?.appends === false ? undefined : append(place, batch)
      const code = refused || (unwritable?.code ?? appended?.code ?? 0)
      const baseOffset = code === 0 ? (appended?.baseOffset ?? -1) : -1
      text(writer, topic, adds)
      length(writer, 1, adds)
      writer.int32(partition)
      writer.int16(code)
      for (const each of [baseOffset, -1, 0]) writer.int64(each)
      const isOfRecord = refused !== 0 && meaningOf(refused, 'Produce') === 'record'
      length(writer, isOfRecord && refusal.namesRecord ? 1 : 0, adds)
      if (isOfRecord && refusal.namesRecord) {
        writer.int32(stampOf(batch).count - 1)
        text(writer, 'the script refuses it', adds)
        if (adds) writer.tags()
      }
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
  const act = (refusal: DrawnRefusal) => {
    // Then the answer has no partitions.
    if (refusal.isWhole && refusal.code !== 0) return writeFetched([], refusal.code)
    return writeFetched(
      places.map((place, index) => {
        const topic = names.get(place.topicId) ?? ''
        const own = { topic, partition: place.partition }
        const code = refusal.at(index, places.length) || cluster.leadershipCode(node, own)
        return { ...place, code, log: cluster.find(own) }
      }),
    )
  }
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
  const act = (refusal: DrawnRefusal) => {
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
    for (const [index, name] of names.entries())
      writeTopic(writer, cluster, name, refusal, refusal.at(index, names.length))
    return writer.written()
  }
  return { name: 'Metadata', act }
}

/** A topic that is refused is not described; of a refused partition nobody knows the leader. */
function writeTopic(
  writer: ByteWriter,
  cluster: ScriptedCluster,
  name: string,
  { isWhole }: DrawnRefusal,
  refused: number,
): void {
  const topic = cluster.topics.get(name)
  const partitions = isWhole && refused !== 0 ? [] : (topic?.partitions ?? [])
  writer.int16(topic ? (isWhole ? refused : 0) : CODE.unknownTopic)
  writer.compactString(name)
  writer.uuid(topic?.id ?? Buffer.alloc(16).toString('base64url'))
  writer.int8(0)
  writer.compactLength(partitions.length)
  for (const { place } of partitions) {
    const leader = refused ? undefined : cluster.leaderOf(place)
    writer.int16(leader === undefined ? refused || CODE.noLeader : 0)
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
  const act = (refusal: DrawnRefusal) => {
    const feature = new ByteWriter(64)
    feature.compactLength(1)
    feature.compactString('transaction.version')
    feature.int16(cluster.transactionVersion)
    feature.int16(0)
    feature.tags()
    const writer = new ByteWriter(128)
    writer.int16(refusal.code)
    writer.compactLength(0)
    writer.int32(0)
    for (const each of [1, 2, feature.length]) writer.uvarint(each)
    writer.bytes(feature.written())
    return writer.written()
  }
  return { name: 'ApiVersions', act }
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
