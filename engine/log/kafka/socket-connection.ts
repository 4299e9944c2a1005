/** The connection to one broker with the sockets that kafkajs opens for it, so that it can be ended at once. */
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import type { Connect, Connection } from './connection.ts'
import { type Broker, createBroker } from './library.ts'
import type { KafkaSettings } from './options.ts'

const KEEP_ALIVE_MS = 60_000

export function connectBySockets(settings: KafkaSettings): Connect {
  return (address, clientId, onLost) => new SocketConnection(address, settings, clientId, onLost)
}

class SocketConnection implements Connection {
  readonly #ssl: KafkaSettings['ssl']
  readonly #onLost: () => void
  readonly #sockets = new Set<Socket>()
  readonly #broker: Broker
  #ready: Promise<Broker> | undefined
  #destroyed: Error | undefined

  constructor(address: string, settings: KafkaSettings, clientId: string, onLost: () => void) {
    this.#ssl = settings.ssl
    this.#onLost = onLost
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

  open(): Promise<Broker> {
    this.#ready ??= this.#broker.connect().then(() => this.#broker)
    return this.#ready
  }

  destroy(reason: Error): void {
    this.#destroyed ??= reason
    // Only an error makes kafkajs let go of its timers and of the requests that wait.
    for (const socket of this.#sockets) socket.destroy(reason)
    this.#sockets.clear()
  }

  #openSocket(host: string, port: number, onConnect: () => void): Socket {
    if (this.#destroyed) throw this.#destroyed
    const ssl = this.#ssl
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
