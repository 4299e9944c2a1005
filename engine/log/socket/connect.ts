/** A log that another process of this machine holds, looked at through that process. */
import { connect, type Socket } from 'node:net'
import { CaudalError, reasonOf, WritesRefused } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type {
  Bounds,
  Fetched,
  Log,
  Membership,
  PartitionBatch,
  Producer,
  Reader,
  TopicDescription,
  TopicSpec,
} from '#engine/log/log.ts'
import { encodeMessage, messagesOf } from './messages.ts'
import {
  type Answer,
  type Call,
  type Failure,
  PROTOCOL,
  type Request,
  socketPath,
  type Welcome,
} from './protocol.ts'

/** How long a process that listens may take to say that it is there. */
const WELCOME_MS = 10_000

/**
 * Nothing where no process serves the log of the folder. Rejects with LOG_UNAVAILABLE where one listens and does not answer, with
 * REJECTED where it is of another version.
 */
export async function connectLog(folder: string, system: System): Promise<Log | undefined> {
  const socket = await connected(socketPath(folder))
  if (!socket) return undefined
  const messages = messagesOf<Welcome | Answer>(socket)
  const cancel = system.after(WELCOME_MS, () => socket.destroy())
  const first = await messages.next().catch(() => undefined)
  cancel()
  const welcome = first?.value
  if (!welcome || !('protocol' in welcome)) {
    socket.destroy()
    throw new CaudalError('LOG_UNAVAILABLE', {
      reason: `the process that holds the log at ${folder} does not answer`,
    })
  }
  // Each version begins like this, and the number is looked at before the rest.
  if (welcome.protocol === PROTOCOL) return new SocketLog(folder, socket, messages, welcome)
  socket.destroy()
  const reason = `the process that holds the log at ${folder} is of another version of Caudal: look with that version, or restart it with this one`
  throw new CaudalError('REJECTED', { reason })
}

/** Nothing where nobody listens; a socket of a process that was killed refuses. */
function connected(path: string): Promise<Socket | undefined> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('error', () => resolve(undefined))
    socket.once('connect', () => {
      // From here on the end of the messages tells it.
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

interface Pending {
  resolve(value: never): void
  reject(error: unknown): void
}

/** Each call is one request; answers come in any order. A holder that ends rejects everything with LOG_HOLDER_ENDED, for good. */
class SocketLog implements Log {
  readonly recordBytesMax: number
  readonly #folder: string
  readonly #pid: number
  readonly #socket: Socket
  readonly #pending = new Map<number, Pending>()
  #requests = 0
  #readers = 0
  #producers = 0
  /** Why no call is taken any more. */
  #end: CaudalError | undefined

  constructor(folder: string, socket: Socket, messages: AsyncIterable<Welcome | Answer>, welcome: Welcome) {
    this.#folder = folder
    this.#socket = socket
    this.#pid = welcome.pid
    this.recordBytesMax = welcome.recordBytesMax
    void this.#receive(messages)
  }

  createTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#ask({ name: 'createTopics', topics })
  }

  describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#ask({ name: 'describeTopics', names })
  }

  growTopic(topic: string, partitions: number): Promise<void> {
    return this.#ask({ name: 'growTopic', topic, partitions })
  }

  bounds(places: readonly TopicPartition[]): Promise<readonly Bounds[]> {
    return this.#ask({ name: 'bounds', places: places.map(placeOf) })
  }

  append(batches: readonly PartitionBatch[]): Promise<void> {
    return this.#ask({ name: 'append', batches: batches.map(plainBatch) })
  }

  trim(place: TopicPartition, beforeOffset: number): Promise<void> {
    return this.#ask({ name: 'trim', place: placeOf(place), beforeOffset })
  }

  groupPositions(group: string, places: readonly TopicPartition[]): Promise<readonly (number | undefined)[]> {
    return this.#ask({ name: 'groupPositions', group, places: places.map(placeOf) })
  }

  openReader(place: TopicPartition, offset: number, topicId?: string): Reader {
    const reader = ++this.#readers
    const opened = this.#ask<void>({
      name: 'openReader',
      reader,
      place: placeOf(place),
      offset,
      topicId,
    })
    opened.catch(() => undefined) // Each read rejects with the error.
    return new SocketReader(
      async recordsMax => {
        await opened
        return this.#ask({ name: 'next', reader, recordsMax })
      },
      () => void this.#ask({ name: 'closeReader', reader }).catch(() => undefined), // An end has closed it as well.
    )
  }

  async startProducer(transactionalId: string, writes?: readonly TopicPartition[]): Promise<Producer> {
    const producer = ++this.#producers
    await this.#ask({ name: 'startProducer', producer, transactionalId, writes: writes?.map(placeOf) })
    let isOpen = true
    return {
      transact: async batches => {
        if (!isOpen) throw new CaudalError('LOG_CLOSED')
        return this.#ask({ name: 'transact', producer, batches: batches.map(plainBatch) })
      },
      close: async () => {
        if (isOpen) await this.#ask({ name: 'closeProducer', producer })
        isOpen = false
      },
    }
  }

  /** Who runs a pod needs the log for itself. */
  fence(): Promise<void> {
    return Promise.reject(this.#inUse())
  }

  joinGroup(): Membership {
    throw this.#inUse()
  }

  async close(): Promise<void> {
    this.#endWith(new CaudalError('LOG_CLOSED'))
  }

  #inUse(): CaudalError {
    return new CaudalError('LOG_IN_USE', { path: this.#folder, pid: this.#pid })
  }

  async #ask<T>(call: Call): Promise<T> {
    if (this.#end) throw this.#end
    const request: Request = { id: ++this.#requests, call }
    const bytes = encodeMessage(request)
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject })
      this.#socket.write(bytes)
    })
  }

  async #receive(messages: AsyncIterable<Welcome | Answer>): Promise<void> {
    let reason = 'it has ended'
    try {
      for await (const message of messages) if ('id' in message) this.#settle(message)
    } catch (error) {
      reason = reasonOf(error)
    }
    this.#endWith(this.#gone(reason))
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    if (!('code' in answer)) pending?.resolve(answer.value)
    else if (answer.code === 'LOG_CLOSED') pending?.reject(this.#gone('it is closing the log'))
    else pending?.reject(errorOf(answer))
  }

  #gone(reason: string): CaudalError {
    return new CaudalError('LOG_HOLDER_ENDED', { path: this.#folder, pid: this.#pid, reason })
  }

  #endWith(error: CaudalError): void {
    this.#end ??= error
    this.#socket.destroy()
    for (const { reject } of this.#pending.values()) reject(this.#end)
    this.#pending.clear()
  }
}

function errorOf({ code, details, refusals = [] }: Failure): CaudalError {
  const [first, ...others] = refusals.map(each => ({
    ...{ batch: each.batch, record: each.record },
    error: new CaudalError(each.code, each.details),
  }))
  return first ? new WritesRefused([first, ...others]) : new CaudalError(code, details)
}

/** Waits for the holder's answer, and for its own end. */
class SocketReader implements Reader {
  readonly #fetch: (recordsMax: number) => Promise<Fetched>
  readonly #closed: () => void
  #open = true
  #interrupt = (_: unknown) => {}

  constructor(fetch: (recordsMax: number) => Promise<Fetched>, closed: () => void) {
    this.#fetch = fetch
    this.#closed = closed
  }

  next(recordsMax: number): Promise<Fetched> {
    return new Promise((resolve, reject) => {
      if (!this.#open) return reject(new CaudalError('LOG_CLOSED'))
      this.#interrupt = reject
      this.#fetch(recordsMax).then(resolve, reject)
    })
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#interrupt(new CaudalError('LOG_CLOSED'))
    this.#closed()
  }
}

/** Callers hand in more than a place at times, also functions, which no message can carry. */
const placeOf = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition })
const plainBatch = (batch: PartitionBatch): PartitionBatch => ({ ...placeOf(batch), records: batch.records })
