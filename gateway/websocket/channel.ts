/**
 * One WebSocket: a client subscribes to streams of events by messages, and gets their events as messages.
 *
 * Messages of the client are handled one after another. Nothing is held without a bound. A client that reads slower than
 * events come is let go, and resumes by the last event id of each stream.
 */
import { reasonOf } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { Call, Gateway } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import { type Message, messageIn, problemMessage, type Subscribe, streamOf } from './messages.ts'
import { Subscription } from './subscription.ts'

/** What a channel needs of a connection. */
export interface Frames {
  readonly bufferedAmount: number
  send(text: string, sent: () => void): void
  close(code: number, reason: string): void
  terminate(): void
  ping(): void
  pause(): void
  resume(): void
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown
  on(event: 'ping' | 'pong' | 'close' | 'error', listener: () => void): unknown
}

/** Who is at the other end, and what it may ask. */
export interface Admitted {
  readonly gateway: Gateway
  readonly call: Omit<Call, 'signal'>
  /** Whether its key is in force still. */
  isInForce(): Promise<boolean>
  /** Counts a request; the problem says that there were too many. */
  count(): Promise<Problem | undefined>
}

export const SUBSCRIPTIONS_MAX = 100
const UNREAD_BYTES_MAX = 65_536
/** A stream waits with what was before while so much is unread. */
const AHEAD_BYTES_MAX = 16_384
const BEAT_MS = 15_000

/** Codes of RFC 6455; 1007 and 1009 come from the library, for bad UTF-8 and for messages that are too large. */
const CLOSED = { leaving: 1001, binary: 1003, refused: 1008, failed: 1011 } as const

export class Channel {
  readonly #frames: Frames
  readonly #admitted: Admitted
  readonly #system: System
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #over = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  #handling = Promise.resolve()
  #waiting = 0
  #flushed = Promise.resolve()
  #isOver = false
  /** Whether anything came since the last ping. */
  #isAlive = true
  #cancelBeat = () => {}

  constructor(frames: Frames, admitted: Admitted, system: System) {
    this.#frames = frames
    this.#admitted = admitted
    this.#system = system
  }

  /** Resolves when both sides have closed the connection. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  open(): void {
    const frames = this.#frames
    frames.on('message', (data, isBinary) => this.#take(data, isBinary))
    frames.on('close', () => {
      this.#finish()
      this.#gone.resolve()
    })
    frames.on('error', () => undefined) // The end of the connection follows.
    frames.on('ping', () => this.#heard())
    frames.on('pong', () => this.#heard())
    this.#beat()
  }

  /** The gateway ends it. */
  end(reason: string): void {
    this.#close(CLOSED.leaving, reason)
  }

  terminate(): void {
    this.#frames.terminate()
    this.#finish()
  }

  write(message: object): void {
    if (this.#isOver || this.#isStuck()) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#flushed = promise
    this.#frames.send(JSON.stringify(message), resolve)
  }

  /** Resolves when what was written is on its way, or the connection has ended. */
  ready(): Promise<void> {
    const isAhead = !this.#isOver && this.#frames.bufferedAmount > AHEAD_BYTES_MAX
    return isAhead ? Promise.race([this.#flushed, this.#over.promise]) : Promise.resolve()
  }

  /** What was unread before a message counts: one large event must be able to pass. */
  #isStuck(): boolean {
    if (this.#frames.bufferedAmount <= UNREAD_BYTES_MAX) return false
    this.terminate()
    return true
  }

  /** The library answers a ping by itself: the answers must be read too. */
  #heard(): void {
    this.#isAlive = true
    if (!this.#isOver) this.#isStuck()
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (this.#isOver) return
    this.#isAlive = true
    if (isBinary) return this.#close(CLOSED.binary, 'messages are text')
    this.#waiting++
    this.#frames.pause()
    this.#handling = this.#handling
      .then(() => this.#handle(messageIn(data.toString())))
      .catch(error => this.#close(CLOSED.failed, reasonOf(error)))
      .finally(() => {
        this.#waiting--
        // Also when it has ended: what the client sends until it closes its side is read, and dropped.
        if (this.#waiting === 0) this.#frames.resume()
      })
  }

  async #handle(message: Message | Problem): Promise<void> {
    if (this.#isOver) return
    if (message instanceof Problem) return this.#refuse(undefined, message)
    switch (message.type) {
      case 'ping':
        return this.write({ type: 'pong' })
      case 'unsubscribe':
        return this.#subscriptions.get(message.id)?.end()
      case 'subscribe':
        return this.#subscribe(message)
    }
  }

  async #subscribe(wanted: Subscribe): Promise<void> {
    const { id } = wanted
    if (this.#subscriptions.size >= SUBSCRIPTIONS_MAX)
      return this.#close(CLOSED.refused, `more than ${SUBSCRIPTIONS_MAX} subscriptions`)
    if (this.#subscriptions.has(id))
      return this.#refuse(id, invalid([{ pointer: '/id', reason: 'is the id of another subscription' }]))
    const operation = streamOf(wanted)
    if (operation instanceof Problem) return this.#refuse(id, operation)
    const refused = await this.#admitted.count()
    if (refused) return this.#refuse(id, refused)
    if (this.#isOver) return
    const subscription = new Subscription(id, this, () => this.#subscriptions.delete(id))
    this.#subscriptions.set(id, subscription)
    const { gateway, call } = this.#admitted
    const answer = await operation.run(gateway, wanted.input ?? {}, { ...call, signal: subscription.signal })
    if (answer instanceof Problem) return subscription.fail(answer)
    if (answer.kind !== 'stream') return subscription.end()
    if (this.#isOver) return
    this.write({ type: 'subscribed', id })
    answer.open(subscription).catch(error => subscription.end(reasonOf(error)))
  }

  #refuse(id: string | undefined, problem: Problem): void {
    this.write(problemMessage(id, problem))
  }

  #beat(): void {
    this.#cancelBeat = this.#system.after(BEAT_MS, () => {
      if (!this.#isAlive) return this.terminate()
      this.#isAlive = false
      this.#frames.ping()
      this.#beat()
      this.#admitted.isInForce().then(
        isInForce => isInForce || this.#close(CLOSED.refused, 'the key was revoked'),
        error => this.#close(CLOSED.failed, reasonOf(error)),
      )
    })
  }

  #close(code: number, reason: string): void {
    if (this.#isOver) return
    // A reason has 123 bytes at most.
    this.#frames.close(
      code,
      Buffer.from(reason)
        .subarray(0, 120)
        .toString()
        .replace(/\ufffd+$/, ''),
    )
    this.#finish()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelBeat()
    for (const subscription of this.#subscriptions.values()) subscription.end()
    this.#over.resolve()
  }
}
