/** Server-sent events on a connection: what is sent, what is held back, and how a stream ends. */
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { reasonOf } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { Sink, SinkEvent } from '../operation.ts'

const HEARTBEAT_MS = 15_000
const RETRY_MS = 1_000
/** A client that reads slower than events come is let go with so much unread; it resumes by its last event id. */
const UNREAD_BYTES_MAX = 65_536

/** The streams of a server: they end before it does, since an open one would keep it from its end. */
export class EventStreams {
  readonly #system: System
  readonly #open = new Set<EventStream>()

  constructor(system: System) {
    this.#system = system
  }

  get size(): number {
    return this.#open.size
  }

  /** Takes the connection over from fastify. `isAllowed` is asked again every 15 s: a key may be revoked meanwhile. */
  start(reply: FastifyReply, open: (sink: Sink) => Promise<void>, isAllowed: () => Promise<boolean>): void {
    reply.hijack()
    const stream = new EventStream(reply.raw, this.#system, isAllowed)
    this.#open.add(stream)
    stream.onEnd(() => this.#open.delete(stream))
    stream.begin({ ...reply.getHeaders() })
    open(stream).catch(error => stream.end(reasonOf(error)))
  }

  end(reason: string): void {
    for (const stream of this.#open) stream.end(reason)
  }
}

class EventStream implements Sink {
  readonly #response: ServerResponse
  readonly #system: System
  readonly #isAllowed: () => Promise<boolean>
  readonly #enders: (() => void)[] = []
  #cancelHeartbeat = () => {}
  #isOver = false

  constructor(response: ServerResponse, system: System, isAllowed: () => Promise<boolean>) {
    this.#response = response
    this.#system = system
    this.#isAllowed = isAllowed
  }

  begin(headers: Readonly<Record<string, unknown>>): void {
    const kept = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    )
    this.#response.writeHead(200, {
      ...Object.fromEntries(kept),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // A proxy that gathers what passes would hold events back.
      'x-accel-buffering': 'no',
    })
    this.#response.on('close', () => this.#finish())
    this.#response.on('error', () => this.#finish())
    this.#write(`retry: ${RETRY_MS}\n\n`)
    this.#beat()
  }

  onEnd(callback: () => void): void {
    if (this.#isOver) callback()
    else this.#enders.push(callback)
  }

  send({ id, kind, data }: SinkEvent): void {
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  ready(): Promise<void> {
    if (this.#isOver || !this.#response.writableNeedDrain) return Promise.resolve()
    return new Promise(resolve => {
      this.#response.once('drain', resolve)
      this.onEnd(resolve)
    })
  }

  end(reason?: string): void {
    if (this.#isOver) return
    if (reason !== undefined) this.#response.write(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`)
    this.#response.end()
    this.#finish()
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#system.after(HEARTBEAT_MS, () => {
      this.#write(': still here\n\n')
      if (!this.#isOver) this.#beat()
      this.#isAllowed().then(
        isAllowed => isAllowed || this.end('the key was revoked'),
        error => this.end(reasonOf(error)),
      )
    })
  }

  #write(text: string): void {
    if (this.#isOver) return
    // What was unread before this event counts: one large event must be able to pass.
    if (this.#response.writableLength <= UNREAD_BYTES_MAX) return void this.#response.write(text)
    this.#response.destroy()
    this.#finish()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelHeartbeat()
    for (const callback of this.#enders.splice(0)) callback()
  }
}
