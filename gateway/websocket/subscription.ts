/** One stream of events on a channel. */
import type { Sink, SinkEvent } from '../operation.ts'
import type { Problem } from '../problem.ts'
import { problemMessage } from './messages.ts'

/** Where the messages of a stream go. */
export interface Outgoing {
  write(message: object): void
  ready(): Promise<void>
}

export class Subscription implements Sink {
  readonly #id: string
  readonly #channel: Outgoing
  readonly #leaving = new AbortController()
  readonly #enders: (() => void)[]

  constructor(id: string, channel: Outgoing, ended: () => void) {
    this.#id = id
    this.#channel = channel
    this.#enders = [ended]
  }

  /** Aborted when the stream ends. */
  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  send({ id: eventId, kind, data }: SinkEvent): void {
    if (this.#isOver) return
    const event = { ...(eventId !== undefined && { event_id: eventId }), kind, data }
    this.#channel.write({ type: 'event', id: this.#id, ...event })
  }

  ready(): Promise<void> {
    return this.#isOver ? Promise.resolve() : this.#channel.ready()
  }

  end(reason?: string): void {
    this.#endWith({ type: 'end', id: this.#id, ...(reason !== undefined && { reason }) })
  }

  fail(problem: Problem): void {
    this.#endWith(problemMessage(this.#id, problem))
  }

  onEnd(callback: () => void): void {
    if (this.#isOver) callback()
    else this.#enders.push(callback)
  }

  get #isOver(): boolean {
    return this.#leaving.signal.aborted
  }

  #endWith(message: object): void {
    if (this.#isOver) return
    this.#channel.write(message)
    this.#leaving.abort()
    for (const callback of this.#enders.splice(0)) callback()
  }
}
