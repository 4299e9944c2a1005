/**
 * A proxy before one broker that keeps back the markers of transactions for chosen partitions. It answers the coordinator that
 * they were written, so the coordinator completes a torn transaction. Everything else goes through.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { HOST } from '#deploy/local/addresses.ts'
import { ByteReader, ByteWriter } from '#engine/log/kafka/bytes.ts'
import { eachFrame } from './proxy.ts'

const WRITE_TXN_MARKERS = 27
const HEAD_BYTES = 4
/** Api, version and correlation. */
const FIXED_BYTES = 8

interface Marker {
  readonly producerId: Buffer
  /** Epoch and result. */
  readonly decision: Buffer
  readonly places: readonly TopicPartition[]
  /** The coordinator's epoch and the version of transactions. */
  readonly rest: Buffer
}

export class MarkerProxy {
  /** Markers for these are kept back, once each. */
  readonly keeps = new Set<string>()
  /** How many requests with such markers were answered. */
  kept = 0
  /** From the moment on at which a marker is kept back, no other request comes through: so does a coordinator that dies. */
  stalls = false
  readonly #listens: number
  readonly #broker: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Requests that wait; nothing while everything comes through. */
  #stalled: (() => void)[] | undefined

  constructor(listens: number, broker: number) {
    this.#listens = listens
    this.#broker = broker
    this.#server = createServer(client => this.#join(client))
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#listens, HOST, resolve)
    })
  }

  /** What has waited comes through, late. */
  release(): void {
    const late = this.#stalled ?? []
    this.#stalled = undefined
    for (const send of late) send()
  }

  /** As by the death of the broker, for all that are connected. */
  cut(): void {
    this.#stalled = undefined
    for (const socket of this.#sockets) socket.destroy()
  }

  stop(): Promise<void> {
    this.cut()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }

  #join(client: Socket): void {
    const broker = connect(this.#broker, HOST)
    for (const socket of [client, broker]) {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      const end = () => {
        this.#sockets.delete(socket)
        client.destroy()
        broker.destroy()
      }
      socket.on('error', end)
      socket.on('close', end)
    }
    /** Answers for the coordinator, by correlation id. */
    const answers = new Map<number, Buffer>()
    eachFrame(client, frame => {
      if (frame.readInt16BE(HEAD_BYTES) !== WRITE_TXN_MARKERS) {
        const send = () => void broker.write(frame)
        return this.#stalled ? void this.#stalled.push(send) : send()
      }
      const correlation = frame.readInt32BE(HEAD_BYTES + 4)
      const { request, answer } = this.#withhold(frame)
      if (answer) answers.set(correlation, answer)
      broker.write(request)
    })
    eachFrame(broker, frame => {
      const correlation = frame.readInt32BE(HEAD_BYTES)
      client.write(answers.get(correlation) ?? frame)
      if (answers.delete(correlation)) this.kept++
    })
  }

  /** The request without what is kept back, and the answer to the whole of it. */
  #withhold(frame: Buffer): { request: Buffer; answer?: Buffer } {
    const isLast = frame.readInt16BE(HEAD_BYTES + 2) >= 2
    const reader = new ByteReader(frame, HEAD_BYTES + FIXED_BYTES)
    reader.string()
    reader.tags()
    const head = frame.subarray(HEAD_BYTES, reader.at)
    const markers = reader.compactArray(() => readMarker(reader, isLast))
    const kept = markers.flatMap(each => each.places).filter(each => this.keeps.has(partitionKey(each)))
    if (kept.length === 0) return { request: frame }
    if (this.stalls) this.#stalled ??= []
    const isPassed = (place: TopicPartition) => !this.keeps.has(partitionKey(place))
    const passed = markers.map(each => ({ ...each, places: each.places.filter(isPassed) }))
    const request = requestOf(head, passed)
    for (const place of kept) this.keeps.delete(partitionKey(place))
    return { request, answer: answerOf(frame.readInt32BE(HEAD_BYTES + 4), markers) }
  }
}

function readMarker(reader: ByteReader, hasVersion: boolean): Marker {
  const producerId = reader.view(8)
  const decision = reader.view(2 + 1)
  const places = reader.compactArray(() => {
    const topic = reader.compactString() ?? ''
    const found = reader.compactArray(() => ({ topic, partition: reader.int32() }))
    reader.tags()
    return found
  })
  const rest = reader.view(4 + (hasVersion ? 1 : 0))
  reader.tags()
  return { producerId, decision, places: places.flat(), rest }
}

function requestOf(head: Buffer, markers: readonly Marker[]): Buffer {
  const writer = new ByteWriter(1_024)
  writer.placeholder(HEAD_BYTES)
  writer.bytes(head)
  writer.compactLength(markers.length)
  for (const { producerId, decision, places, rest } of markers) {
    writer.bytes(producerId)
    writer.bytes(decision)
    writer.compactLength(places.length)
    for (const { topic, partition } of places) {
      writer.compactString(topic)
      writer.compactLength(1)
      writer.int32(partition)
      writer.tags()
    }
    writer.bytes(rest)
    writer.tags()
  }
  writer.tags()
  return framed(writer)
}

function answerOf(correlation: number, markers: readonly Marker[]): Buffer {
  const writer = new ByteWriter(1_024)
  writer.placeholder(HEAD_BYTES)
  writer.int32(correlation)
  writer.tags()
  writer.compactLength(markers.length)
  for (const { producerId, places } of markers) {
    writer.bytes(producerId)
    writer.compactLength(places.length)
    for (const { topic, partition } of places) {
      writer.compactString(topic)
      writer.compactLength(1)
      writer.int32(partition)
      writer.int16(0)
      writer.tags()
      writer.tags()
    }
    writer.tags()
  }
  writer.tags()
  return framed(writer)
}

function framed(writer: ByteWriter): Buffer {
  const frame = Buffer.from(writer.written())
  frame.writeInt32BE(frame.length - HEAD_BYTES, 0)
  return frame
}
