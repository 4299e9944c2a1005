/**
 * A TCP proxy before one broker that knows where Kafka's requests begin and end, and of what kind they are. Pods
 * are told to come here instead of to the addresses that brokers give, so no answer has to be changed.
 *
 * A request can get lost before the broker has it, or its answer after the broker has done it: silently, so that the
 * client waits for its time-out, or by cutting the connection. Or the answer comes late.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { HOST } from '#deploy/local/addresses.ts'

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

export interface ProxyOptions {
  /** A port, or 0 for any that is free. */
  readonly listens: number
  readonly broker: number
  /** Asked for each request: what is to become of it. */
  readonly troubleFor: (api: number) => Trouble | undefined
  readonly delayMs: number
}

const HEAD_BYTES = 4

export class KafkaProxy {
  readonly #options: ProxyOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

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
    return this.#sockets.size / 2
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#options.listens, HOST, resolve)
    })
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }

  #join(client: Socket): void {
    const broker = connect(this.#options.broker, HOST)
    const cut = () => {
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      socket.on('error', cut)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        cut()
      })
    }
    this.#relay(client, broker, cut)
  }

  #relay(client: Socket, broker: Socket, cut: () => void): void {
    const troubles = new Map<number, Trouble>()
    eachFrame(client, frame => {
      const trouble = this.#options.troubleFor(frame.readInt16BE(HEAD_BYTES))
      if (trouble === 'dropRequest') return
      if (trouble === 'cutRequest') return cut()
      if (trouble) troubles.set(frame.readInt32BE(HEAD_BYTES + 4), trouble)
      broker.write(frame)
    })
    eachFrame(broker, frame => {
      const correlation = frame.readInt32BE(HEAD_BYTES)
      const trouble = troubles.get(correlation)
      troubles.delete(correlation)
      if (trouble === 'dropResponse') return
      if (trouble === 'cutResponse') return cut()
      if (trouble !== 'delayResponse') return void client.write(frame)
      setTimeout(() => client.writable && client.write(frame), this.#options.delayMs)
    })
  }
}

/** Calls back with each whole frame, its length in front. */
function eachFrame(socket: Socket, onFrame: (frame: Buffer) => void): void {
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
