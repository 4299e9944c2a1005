/**
 * A TCP proxy before one broker that knows where Kafka's requests begin and end, and of what kind they are. Pods connect to the
 * proxy instead of the addresses that brokers give, so no answer has to be changed.
 *
 * A request can get lost before the broker has it, or its answer after the broker has done it. It gets lost silently, so that the
 * client waits for its time-out, or with a cut of the connection. Or the answer comes late. The network between a client and the
 * broker may also be cut or slow: see `network.ts`.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { HOST } from '#deploy/local/addresses.ts'
import { CLEAR, Relay, type Way } from './relay.ts'

export type Trouble = 'dropRequest' | 'dropResponse' | 'cutRequest' | 'cutResponse' | 'delayResponse'
export const TROUBLES: readonly Trouble[] = [
  'dropRequest',
  'dropResponse',
  'cutRequest',
  'cutResponse',
  'delayResponse',
]

/** Numbers of the requests in Kafka's protocol. */
export const API = {
  produce: 0,
  fetch: 1,
  listOffsets: 2,
  metadata: 3,
  offsetCommit: 8,
  offsetFetch: 9,
  findCoordinator: 10,
  joinGroup: 11,
  heartbeat: 12,
  leaveGroup: 13,
  syncGroup: 14,
  describeGroups: 15,
  initProducerId: 22,
  addPartitionsToTransaction: 24,
  endTransaction: 26,
} as const

/** What lies between one client and the broker. */
export interface Between {
  readonly requests: Way
  readonly answers: Way
  /** Connections are closed, and so are new ones. */
  readonly isRefused: boolean
}

export const NOTHING_BETWEEN: Between = { requests: CLEAR, answers: CLEAR, isRefused: false }

export interface ProxyOptions {
  /** A port, or 0 for any that is free. */
  readonly listens: number
  readonly broker: number
  /** Asked for each request: what is to become of it. */
  readonly troubleFor: (api: number) => Trouble | undefined
  readonly delayMs: number
  /** Asked for each request and answer, by the name that the client gives itself. */
  readonly between?: (client: string) => Between
}

interface Joined {
  readonly client: Socket
  readonly broker: Socket
  /** Known from the first request on. */
  name: string
}

const HEAD_BYTES = 4

export class KafkaProxy {
  readonly #options: ProxyOptions
  readonly #server: Server
  readonly #joined = new Set<Joined>()

  constructor(options: ProxyOptions) {
    this.#options = options
    this.#server = createServer(client => this.#join(client))
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo // It listens on TCP, where an address is always this.
    return `${HOST}:${port}`
  }

  /** Connections of clients that are open. */
  get connections(): number {
    return [...this.#joined].filter(({ client }) => !client.destroyed).length
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#options.listens, HOST, resolve)
    })
  }

  stop(): Promise<void> {
    for (const each of this.#joined) this.#cut(each)
    return new Promise(resolve => this.#server.close(() => resolve()))
  }

  /** Closes the connections of clients that are refused by now. */
  closeRefused(): void {
    for (const each of this.#joined) if (this.#between(each).isRefused) this.#cut(each)
  }

  #between({ name }: Joined): Between {
    return this.#options.between?.(name) ?? NOTHING_BETWEEN
  }

  #cut(joined: Joined): void {
    joined.client.destroy()
    joined.broker.destroy()
    this.#joined.delete(joined)
  }

  #join(client: Socket): void {
    const broker = connect(this.#options.broker, HOST)
    const joined: Joined = { client, broker, name: '' }
    this.#joined.add(joined)
    const requests = new Relay(
      () => this.#between(joined).requests,
      frame => broker.writable && broker.write(frame),
    )
    const answers = new Relay(
      () => this.#between(joined).answers,
      frame => client.writable && client.write(frame),
    )
    for (const socket of [client, broker]) {
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
    }
    client.on('close', () => {
      answers.drop()
      requests.end(() => this.#cut(joined))
    })
    broker.on('close', () => {
      requests.drop()
      answers.end(() => this.#cut(joined))
    })
    this.#relay(joined, requests, answers)
  }

  #relay(joined: Joined, requests: Relay, answers: Relay): void {
    const troubles = new Map<number, Trouble>()
    eachFrame(joined.client, frame => {
      joined.name ||= clientOf(frame)
      if (this.#between(joined).isRefused) return this.#cut(joined)
      const trouble = this.#options.troubleFor(frame.readInt16BE(HEAD_BYTES))
      if (trouble === 'dropRequest') return
      if (trouble === 'cutRequest') return this.#cut(joined)
      if (trouble) troubles.set(frame.readInt32BE(HEAD_BYTES + 4), trouble)
      requests.push(frame)
    })
    eachFrame(joined.broker, frame => {
      const correlation = frame.readInt32BE(HEAD_BYTES)
      const trouble = troubles.get(correlation)
      troubles.delete(correlation)
      if (trouble === 'dropResponse') return
      if (trouble === 'cutResponse') return this.#cut(joined)
      if (trouble !== 'delayResponse') return answers.push(frame)
      setTimeout(() => answers.push(frame), this.#options.delayMs)
    })
  }
}

/** The name that a client gives itself in the head of each request. */
function clientOf(frame: Buffer): string {
  const length = frame.readInt16BE(HEAD_BYTES + 8)
  return frame.toString('utf8', HEAD_BYTES + 10, HEAD_BYTES + 10 + Math.max(0, length))
}

/** Calls back with each whole frame, its length in front. */
export function eachFrame(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let held = Buffer.alloc(0)
  socket.on('data', part => {
    held = held.length === 0 ? part : Buffer.concat([held, part])
    while (held.length >= HEAD_BYTES) {
      const length = HEAD_BYTES + held.readInt32BE(0)
      if (held.length < length) return
      const frame = held.subarray(0, length)
      held = held.subarray(length)
      if (!socket.destroyed) onFrame(frame)
    }
  })
}
