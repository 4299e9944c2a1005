/** Server-sent events on a connection: what is sent, what is held back, and how a stream ends. */
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { reasonOf } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { Sink, SinkEvent } from '../operation.ts'
import type { Problem } from '../problem.ts'

const HEARTBEAT_MS = 15_000
const RETRY_MS = 1_000
/** How a stream looks on the wire; comments are the same in all. */
export interface StreamLines {
  begin(): string
  event(event: SinkEvent): string
  /** With a reason where more might have come. */
  end(reason: string | undefined): string
  /** Instead of the end. */
  failure(problem: Problem): string
}

const EVENTS: StreamLines = {
  begin: () => `retry: ${RETRY_MS}\n\n`,
  event: ({ id, kind, data }) =>
    `${id === undefined ? '' : `id: ${id}\n`}event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`,
  end: reason => (reason === undefined ? '' : `event: end\ndata: ${JSON.stringify({ reason })}\n\n`),
  failure: ({ title }) => EVENTS.end(title),
}

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
  start(
    reply: FastifyReply,
    open: (sink: Sink) => Promise<void>,
    isAllowed: () => Promise<boolean>,
    lines: StreamLines = EVENTS,
  ): void {
    reply.hijack()
    const stream = new EventStream(reply.raw, { system: this.#system, isAllowed, lines })
    this.#open.add(stream)
    stream.onEnd(() => this.#open.delete(stream))
    stream.begin({ ...reply.getHeaders() })
    open(stream).catch(error => stream.end(reasonOf(error)))
  }

  end(reason: string): void {
    for (const stream of this.#open) stream.end(reason)
  }
}

interface StreamOptions {
  readonly system: System
  readonly isAllowed: () => Promise<boolean>
  readonly lines: StreamLines
}

class EventStream implements Sink {
  readonly #response: ServerResponse
  readonly #options: StreamOptions
  readonly #enders: (() => void)[] = []
  #cancelHeartbeat = () => {}
  #isOver = false

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response
    this.#options = options
  }

  begin(headers: Readonly<Record<string, unknown>>): void {
    const kept = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name, `${value}`] as const] : [],
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
    this.#write(this.#options.lines.begin())
    this.#beat()
  }

  onEnd(callback: () => void): void {
    if (this.#isOver) callback()
    else this.#enders.push(callback)
  }

  send(event: SinkEvent): void {
    this.#write(this.#options.lines.event(event))
  }

  ready(): Promise<void> {
    if (this.#isOver || !this.#response.writableNeedDrain) return Promise.resolve()
    return new Promise(resolve => {
      this.#response.once('drain', resolve)
      this.onEnd(resolve)
    })
  }

  end(reason?: string): void {
    this.#endWith(this.#options.lines.end(reason))
  }

  fail(problem: Problem): void {
    this.#endWith(this.#options.lines.failure(problem))
  }

  #endWith(text: string): void {
    if (this.#isOver) return
    this.#response.end(text)
    this.#finish()
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#options.system.after(HEARTBEAT_MS, () => {
      this.#write(': still here\n\n')
      if (!this.#isOver) this.#beat()
      this.#options.isAllowed().then(
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
