/**
 * Lets other processes of this machine look at a log that this process holds, over a socket in the log's folder.
 *
 * Calls of one connection run one after another; only the waiting for new records goes on beside them. The next message is
 * read when the call before it is done, and records are fetched when the answers before them have left. So a client that
 * does not read costs no more memory than its readers have fetched. The end of a connection closes its readers and producers.
 */
import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { CaudalError, reasonOf, WritesRefused } from '#core/errors.ts'
import type { Log, Producer, Reader } from '#engine/log/log.ts'
import { encodeMessage, messagesOf } from './messages.ts'
import { type Call, type Failure, PROTOCOL, type Request, socketPath, type Welcome } from './protocol.ts'

const CONNECTIONS_MAX = 64
const READERS_MAX = 10_000
const PRODUCERS_MAX = 10
/** Only this user may read and write. */
const OTHERS = 0o177

/**
 * Serves the log that is in the folder and that this process holds. Rejects with LOG_UNAVAILABLE where no socket can be made there.
 */
export async function serveLog(log: Log, folder: string): Promise<LogServer> {
  const path = socketPath(folder)
  // The holder of the log is alone with the folder: a socket that is there is that of a process which was killed.
  rmSync(path, { force: true })
  const server = new LogServer(log)
  try {
    await server.listen(path)
  } catch (error) {
    throw new CaudalError('LOG_UNAVAILABLE', { reason: `${path}: ${reasonOf(error)}` }, error)
  }
  return server
}

/** Lets other processes of this machine use a log. Made by `serveLog`; `close` ends its connections. */
export class LogServer {
  readonly #server: Server
  readonly #connections = new Set<Socket>()

  /** Made by `serveLog`. */
  constructor(log: Log) {
    this.#server = createServer(socket => {
      this.#connections.add(socket)
      socket.on('error', () => {}) // The conversation ends with it.
      socket.once('close', () => this.#connections.delete(socket))
      void new Conversation(log, socket).run()
    })
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  /** Listens on a socket at this path. Resolves once processes can connect. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      // The socket is made within the call: at no moment may another user connect.
      const former = process.umask(OTHERS)
      try {
        this.#server.listen(path, () => {
          this.#server.off('error', reject)
          this.#server.on('error', () => {}) // The kernel answers a client that could not be accepted.
          resolve()
        })
      } finally {
        process.umask(former)
      }
    })
  }

  /** Ends what is being looked at; the log stays open. */
  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const socket of this.#connections) socket.destroy()
    await closed
  }
}

class Conversation {
  readonly #log: Log
  readonly #socket: Socket
  readonly #readers = new Map<number, Reader>()
  readonly #producers = new Map<number, Producer>()

  constructor(log: Log, socket: Socket) {
    this.#log = log
    this.#socket = socket
  }

  /** Resolves when the other side has ended it, or has said what cannot be understood. */
  async run(): Promise<void> {
    const welcome: Welcome = {
      protocol: PROTOCOL,
      pid: process.pid,
      recordBytesMax: this.#log.recordBytesMax,
    }
    try {
      this.#socket.write(encodeMessage(welcome))
      // The same version writes them: another one has refused the welcome.
      for await (const { id, call } of messagesOf<Request>(this.#socket)) {
        if (call.name === 'next') void this.#answer(id, call)
        else await this.#answer(id, call)
      }
    } catch {
      // The connection broke, or the other side is none of ours: nobody is left to answer.
    } finally {
      for (const reader of this.#readers.values()) reader.close()
      for (const producer of this.#producers.values()) producer.close().catch(() => undefined) // Its log is closing.
      this.#socket.destroy()
    }
  }

  async #answer(id: number, call: Call): Promise<void> {
    const answer = await this.#done(call)
      .then(value => encodeMessage({ id, value }))
      .catch(error => encodeMessage(failureOf(id, error)))
    if (!this.#socket.destroyed) this.#socket.write(answer)
  }

  async #done(call: Call): Promise<unknown> {
    const log = this.#log
    switch (call.name) {
      case 'createTopics':
        return log.createTopics(call.topics)
      case 'describeTopics':
        return log.describeTopics(call.names)
      case 'growTopic':
        return log.growTopic(call.topic, call.partitions)
      case 'bounds':
        return log.bounds(call.places)
      case 'append':
        return log.append(call.batches)
      case 'trim':
        return log.trim(call.place, call.beforeOffset)
      case 'groupPositions':
        return log.groupPositions(call.group, call.places)
      case 'openReader':
        return this.#open(call)
      case 'next':
        await drained(this.#socket)
        return this.#reader(call.reader).next(call.recordsMax)
      case 'closeReader':
        this.#readers.get(call.reader)?.close()
        return void this.#readers.delete(call.reader)
      case 'startProducer':
        return this.#start(call)
      case 'transact':
        return this.#producer(call.producer).transact(call.batches)
      case 'closeProducer':
        return this.#end(call.producer)
      default:
        throw new CaudalError('REJECTED', {
          reason: 'the process that holds the log does not know this call',
        })
    }
  }

  #open({ reader, place, offset, topicId }: Extract<Call, { readonly name: 'openReader' }>): void {
    if (this.#readers.size >= READERS_MAX)
      throw new CaudalError('REJECTED', { reason: `one process may have ${READERS_MAX} readers at a time` })
    this.#readers.set(reader, this.#log.openReader(place, offset, topicId))
  }

  async #start(call: Extract<Call, { readonly name: 'startProducer' }>): Promise<void> {
    if (this.#producers.size >= PRODUCERS_MAX)
      throw new CaudalError('REJECTED', {
        reason: `one process may have ${PRODUCERS_MAX} producers at a time`,
      })
    this.#producers.set(call.producer, await this.#log.startProducer(call.transactionalId, call.writes))
  }

  #producer(name: number): Producer {
    const producer = this.#producers.get(name)
    if (!producer) throw new CaudalError('LOG_CLOSED')
    return producer
  }

  async #end(name: number): Promise<void> {
    const producer = this.#producers.get(name)
    this.#producers.delete(name)
    await producer?.close()
  }

  #reader(name: number): Reader {
    const reader = this.#readers.get(name)
    if (!reader) throw new CaudalError('LOG_CLOSED')
    return reader
  }
}

/** Resolves when everything that was written before has left, or nothing will any more. */
function drained(socket: Socket): Promise<void> | undefined {
  if (!socket.writableNeedDrain) return undefined
  return new Promise(resolve => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

function failureOf(id: number, error: unknown): Failure {
  if (error instanceof WritesRefused) {
    const refusals = error.refusals.map(({ batch, record, error: { code, details } }) => ({
      ...{ batch, record, code, details },
    }))
    return { id, code: error.code, details: error.details, refusals }
  }
  if (error instanceof CaudalError) return { id, code: error.code, details: error.details }
  return { id, code: 'INTERNAL', details: { reason: reasonOf(error) } }
}
