/** The connection to one broker, with the sockets that kafkajs opens for it, so that it can be cut at once. */
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { CaudalError } from '#engine/core/errors.ts'
import { type Broker, createBroker } from './library.ts'
import type { KafkaSettings } from './options.ts'

const KEEP_ALIVE_MS = 60_000

export interface LinkOptions {
  readonly clientId: string
  readonly requestTimeoutMs: number
}

export class Link {
  readonly address: string
  readonly #settings: KafkaSettings
  readonly #sockets = new Set<Socket>()
  readonly #broker: Broker
  #ready: Promise<Broker> | undefined
  #cut: Error | undefined

  constructor(address: string, settings: KafkaSettings, options: LinkOptions) {
    this.address = address
    this.#settings = settings
    const [host = '', port = ''] = address.split(':')
    this.#broker = createBroker({
      host,
      port: Number(port),
      clientId: options.clientId,
      connectionTimeout: settings.connectTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      sasl: settings.sasl,
      ssl: settings.ssl ? {} : undefined,
      socketFactory: place => this.#openSocket(place.host, place.port, place.onConnect),
    })
  }

  /** The broker, connected and logged in; asked again after a failure it fails the same way. */
  ready(): Promise<Broker> {
    this.#ready ??= this.#broker.connect().then(() => this.#broker)
    return this.#ready
  }

  /** Cuts the connection; what waits for an answer is rejected. */
  cut(reason: Error): void {
    this.#cut = reason
    // Only an error makes kafkajs let go of its timers and of the requests that wait.
    for (const socket of this.#sockets) socket.destroy(reason)
    this.#sockets.clear()
  }

  #openSocket(host: string, port: number, onConnect: () => void): Socket {
    if (this.#cut) throw new CaudalError('LOG_UNAVAILABLE', { reason: this.#cut.message })
    const { ssl } = this.#settings
    const name = isIP(host) === 0 ? { servername: host } : {}
    const socket = ssl
      ? connectSecure({ host, port, ...name, ...(ssl === true ? {} : ssl) }, onConnect)
      : connectPlain({ host, port }, onConnect)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }
}
