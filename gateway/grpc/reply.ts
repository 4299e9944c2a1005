/** Where the answer to a call goes: one message, or a stream of them, and the status that ends it. */
import {
  type Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import type { System } from '#core/system.ts'
import type { Sink, SinkEvent } from '../operation.ts'
import type { Problem } from '../problem.ts'
import { endedStatus, metadataOf, statusOf, type Told } from './status.ts'

/** What a reply needs of a call of the library. */
export interface Wire {
  begin(metadata: Metadata): void
  /** False when the library holds as much as it may: then `drained` is waited for. */
  write(message: object): boolean
  onDrained(callback: () => void): void
  /** Without a status all went well. */
  finish(status?: StatusObject): void
}

/** The last message is the answer. */
export function unaryWire<I>(call: ServerUnaryCall<I, object>, callback: sendUnaryData<object>): Wire {
  let answer: object = {}
  return {
    begin: metadata => call.sendMetadata(metadata),
    write: message => {
      answer = message
      return true
    },
    onDrained: drained => drained(),
    finish: ended => (ended ? callback(ended) : callback(null, answer)),
  }
}

/** The library holds 16 messages: of a thousand characters each, 64 kB. */
export const streamWire = <I>(call: ServerWritableStream<I, object>): Wire => ({
  begin: metadata => call.sendMetadata(metadata),
  write: message => call.write(message),
  onDrained: drained => call.once('drain', drained),
  // The library makes the status of a stream from its error.
  finish: ended => (ended ? call.emit('error', ended) : call.end()),
})

export interface ReplyOptions {
  readonly system: System
  /** What the call says of itself in its metadata. */
  readonly told: Told
}

/** A client that reads nothing for so long is let go. */
const UNREAD_MS = 30_000

/** What is sent after the end goes nowhere. */
export class Reply implements Sink {
  readonly #wire: Wire
  readonly #system: System
  readonly #enders: ((code: status) => void)[] = []
  #told: Told
  #isFull = false
  #isOver = false
  #code = status.OK

  constructor(wire: Wire, { system, told }: ReplyOptions) {
    this.#wire = wire
    this.#system = system
    this.#told = told
  }

  get isOver(): boolean {
    return this.#isOver
  }

  send({ kind, data }: SinkEvent): void {
    if (this.#isOver) return
    if (kind === 'asked') this.#begin(data)
    else this.#isFull = !this.#wire.write(data)
  }

  /** The client learns at once which task its question is: its deadline may pass before the answer is there. */
  #begin(data: object): void {
    if ('task_id' in data) this.#told = { ...this.#told, 'caudal-task-id': String(data.task_id) }
    this.#wire.begin(metadataOf(this.#told))
  }

  async ready(): Promise<void> {
    if (this.#isOver || !this.#isFull) return
    const drained = Promise.withResolvers<void>()
    const cancel = this.#system.after(UNREAD_MS, () => this.end('the client does not read'))
    this.#wire.onDrained(drained.resolve)
    this.onEnd(() => drained.resolve())
    await drained.promise
    this.#isFull = false
    cancel()
  }

  end(reason?: string): void {
    this.#finish(reason === undefined ? undefined : endedStatus(reason, this.#told))
  }

  fail(problem: Problem): void {
    this.#finish(statusOf(problem, this.#told))
  }

  /** The client has left, or its deadline has passed. The library answers it. */
  leave(code: status): void {
    if (!this.#isOver) this.#over(code)
  }

  onEnd(callback: (code: status) => void): void {
    if (this.#isOver) callback(this.#code)
    else this.#enders.push(callback)
  }

  #finish(ended: StatusObject | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#wire.finish(ended)
    this.#over(ended?.code ?? status.OK)
  }

  #over(code: status): void {
    this.#isOver = true
    this.#code = code
    for (const callback of this.#enders.splice(0)) callback(code)
  }
}
