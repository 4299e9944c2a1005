/**
 * A client's way to the cluster and back.
 *
 * The cluster serves a request when it arrives. The answer runs on the client's own system: a paused client gets it late, a
 * killed client never. The request takes place all the same. Without latency a request is served within
 * the call; its answer is always deferred. An unanswered request fails with LOG_UNAVAILABLE after the time-out; the
 * callers turn that into what it means for them. A request without a fault has no time-out, so that a
 * fetch may wait for records.
 */
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { Network, Request } from './network.ts'

/** Serves a request: now or later, but answers or refuses once, or throws at once. */
export type Serve<R> = (answer: (value: R) => void, refuse: (error: unknown) => void) => void

export class Connection {
  readonly client: string
  readonly system: System
  readonly #network: Network
  readonly #timeoutMs: number
  #isClosed = false

  constructor(client: string, system: System, network: Network, timeoutMs: number) {
    this.client = client
    this.system = system
    this.#network = network
    this.#timeoutMs = timeoutMs
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  close(): void {
    this.#isClosed = true
  }

  /** A request that is served at once when it arrives. */
  ask<R>(request: Request, serve: () => R): Promise<R> {
    return this.call(request, answer => answer(serve()))
  }

  call<R>(request: Request, serve: Serve<R>): Promise<R> {
    if (this.#isClosed) return Promise.reject(new CaudalError('LOG_CLOSED'))
    return new Promise((resolve, reject) => this.#send(request, serve, resolve, reject))
  }

  #send<R>(
    request: Request,
    serve: Serve<R>,
    resolve: (value: R) => void,
    reject: (error: unknown) => void,
  ): void {
    const fate = this.#network.fateOf(this.client, request)
    const unanswered = () => this.#giveUp(request, reject)
    const answer = (settle: () => void) => {
      if (fate.answerLost || this.#isCutOff()) unanswered()
      else this.#arrive(fate.answerDelayMs, () => (this.#isCutOff() ? unanswered() : settle()))
    }
    const refuse = (error: unknown) => answer(() => reject(error))
    const arrive = () => {
      if (fate.refused) refuse(new CaudalError('LOG_UNAVAILABLE', { reason: `${request} was refused` }))
      else attempt(serve, value => answer(() => resolve(value)), refuse)
    }
    const isLost = fate.requestLost || this.#isCutOff()
    if (isLost || fate.requestDelayMs + fate.answerDelayMs >= this.#timeoutMs) unanswered()
    if (isLost) return
    if (fate.repeatedAfterMs !== undefined) {
      this.#network.system.after(fate.repeatedAfterMs, () => attempt(serve, nobodyListens, nobodyListens))
    }
    if (fate.requestDelayMs > 0) this.#network.system.after(fate.requestDelayMs, arrive)
    else arrive()
  }

  /** The answer reaches the client, which may be paused or dead. */
  #arrive(delayMs: number, settle: () => void): void {
    if (delayMs > 0) this.system.after(delayMs, settle)
    else this.system.defer(settle)
  }

  #isCutOff(): boolean {
    return this.#network.cutOffOf(this.client) !== undefined
  }

  #giveUp(request: Request, reject: (error: unknown) => void): void {
    const fail = () => reject(new CaudalError('LOG_UNAVAILABLE', { reason: `${request} was not answered` }))
    if (this.#network.cutOffOf(this.client) === 'fails') this.system.defer(fail)
    else this.system.after(this.#timeoutMs, fail)
  }
}

function attempt<R>(serve: Serve<R>, answer: (value: R) => void, refuse: (error: unknown) => void): void {
  try {
    serve(answer, refuse)
  } catch (error) {
    refuse(error)
  }
}

/** The answer to a request that the network has repeated: the client no longer waits for it. */
function nobodyListens(): void {}
