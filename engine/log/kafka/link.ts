/** The connection to one broker, with the sockets that kafkajs opens for it, so that it can be cut at once. */
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { CaudalError } from '#engine/core/errors.ts'
import { type Broker, createBroker } from './library.ts'
import type { KafkaSettings } from './options.ts'

const KEEP_ALIVE_MS = 60_000

export class Link {
  readonly address: string
  readonly #settings: KafkaSettings
  readonly #sockets = new Set<Socket>()
  readonly #broker: Broker
  /** Ends the questions that wait, whatever becomes of them in kafkajs. */
  readonly #waiting = new Set<(reason: CaudalError) => void>()
  #ready: Promise<Broker> | undefined
  #cut: CaudalError | undefined
  readonly #onLost: () => void

  constructor(address: string, settings: KafkaSettings, clientId: string, onLost: () => void = () => {}) {
    this.address = address
    this.#onLost = onLost
    this.#settings = settings
    const [host = '', port = ''] = settings.route(address).split(':')
    this.#broker = createBroker({
      host,
      port: Number(port),
      clientId,
      connectionTimeout: settings.connectTimeoutMs,
      sasl: settings.sasl,
      ssl: settings.ssl ? {} : undefined,
      socketFactory: place => this.#openSocket(place.host, place.port, place.onConnect),
    })
  }

  /** The broker, connected and logged in; after a failure it fails the same way again. */
  #connected(): Promise<Broker> {
    this.#ready ??= this.#broker.connect().then(() => this.#broker)
    return this.#ready
  }

  /** Asks the broker, and cuts the connection when there is no answer in time. */
  async ask<Answer>(question: (broker: Broker) => Promise<Answer>, withinMs: number): Promise<Answer> {
    if (this.#cut) throw this.#cut
    const cancel = this.#settings.system.after(withinMs, () => {
      this.cut(
        new CaudalError('LOG_UNAVAILABLE', { reason: `no answer of ${this.address} in ${withinMs} ms` }),
      )
    })
    const { promise: isCut, reject } = Promise.withResolvers<never>()
    this.#waiting.add(reject)
    try {
      return await Promise.race([isCut, this.#connected().then(question)])
    } catch (error) {
      throw this.#cut ?? error
    } finally {
      this.#waiting.delete(reject)
      cancel()
    }
  }

  /** Cuts the connection; what waits for an answer is rejected. */
  cut(reason: CaudalError): void {
    this.#cut ??= reason
    for (const end of this.#waiting) end(this.#cut)
    // Only an error makes kafkajs let go of its timers and of the requests that wait.
    for (const socket of this.#sockets) socket.destroy(reason)
    this.#sockets.clear()
  }

  #openSocket(host: string, port: number, onConnect: () => void): Socket {
    if (this.#cut) throw this.#cut
    const { ssl } = this.#settings
    const name = isIP(host) === 0 ? { servername: host } : {}
    const socket = ssl
      ? connectSecure({ host, port, ...name, ...(ssl === true ? {} : ssl) }, onConnect)
      : connectPlain({ host, port }, onConnect)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#onLost()
    })
    return socket
  }
}
