/**
 * The stream of one run: its events, each once and in order, and the pieces of its answers.
 *
 * Events and pieces come on several topics, which are read apart. So an event that has an answer waits for the pieces of
 * this answer, a second at most. What was streamed is shown before what came of it. An outcome waits a second at most for
 * events on other topics that go before it.
 */
import { reasonOf } from '#core/errors.ts'
import type { Tokens } from '#pipelines/token-feed.ts'
import type { TaskEvent } from '#stores/history.ts'
import type { Call, Gateway, Sink } from '../operation.ts'
import { eventsSoFar, outcomeIn } from './so-far.ts'
import { eventView } from './views.ts'

const isLast = ({ kind }: TaskEvent): boolean => kind === 'delivered' || kind === 'failed'

export class TaskStream {
  readonly #gateway: Gateway
  readonly #taskId: string
  readonly #call: Call
  readonly #sink: Sink
  readonly #sent = new Set<string>()
  /** Calls whose reply an event has: their pieces would only come late. */
  readonly #written = new Set<unknown>()
  /** Settled when all events so far are sent. */
  #sending = Promise.resolve()
  #showsTokens = false

  constructor(gateway: Gateway, taskId: string, call: Call, sink: Sink) {
    this.#gateway = gateway
    this.#taskId = taskId
    this.#call = call
    this.#sink = sink
  }

  /** Behind an event that the client has, or from the first on. It listens before it reads: no event is missed between. */
  async open(lastId: string | undefined): Promise<void> {
    const { feed } = this.#gateway
    const stop = () => this.#sink.end('the gateway stops')
    feed.closed.addEventListener('abort', stop, { once: true })
    this.#sink.onEnd(() => feed.closed.removeEventListener('abort', stop))
    const opened = Promise.withResolvers<void>()
    this.#sending = opened.promise
    const send = (event: TaskEvent, isStreamed: boolean) => {
      this.#sending = this.#sending
        .then(() => this.#next(event, isStreamed, isLast(event)))
        .catch(error => this.#sink.end(reasonOf(error)))
    }
    const listener = (event: TaskEvent, isStreamed: boolean) => {
      if (isLast(event)) feed.caughtUp().then(() => send(event, isStreamed))
      else send(event, isStreamed)
    }
    this.#sink.onEnd(feed.listen(this.#call.caller.organization, this.#taskId, listener))
    await this.#soFar(lastId)
    opened.resolve()
  }

  async #soFar(lastId: string | undefined): Promise<void> {
    const { tokens } = this.#gateway
    const { organization } = this.#call.caller
    const known = await this.#known()
    const has = known.findIndex(({ recordId }) => recordId === lastId)
    for (const event of known.slice(0, has + 1)) this.#note(event)
    const outcome = outcomeIn(known)
    for (const event of known.slice(has + 1)) {
      const call = tokens.newestCall(organization, this.#taskId)
      const tellsOfPieces = event === outcome || (call !== undefined && requestIdOf(event) === call)
      if (tellsOfPieces) this.#showTokens()
      await this.#next(event, call !== undefined && tellsOfPieces, event === outcome)
      await this.#sink.ready()
    }
    this.#showTokens()
  }

  /** With an outcome, all that goes before it. */
  async #known(): Promise<readonly TaskEvent[]> {
    const known = await eventsSoFar(this.#gateway, this.#taskId, this.#call)
    if (!outcomeIn(known)) return known
    await this.#gateway.feed.caughtUp()
    return eventsSoFar(this.#gateway, this.#taskId, this.#call)
  }

  async #next(event: TaskEvent, isStreamed: boolean, isEnd: boolean): Promise<void> {
    if (this.#sent.has(event.recordId)) return
    if (isStreamed) await this.#piecesBefore(event)
    this.#note(event)
    this.#sink.send({ id: event.recordId, kind: event.kind, data: eventView(event) })
    if (isEnd) this.#sink.end()
  }

  #note(event: TaskEvent): void {
    this.#sent.add(event.recordId)
    this.#written.add(requestIdOf(event))
  }

  async #piecesBefore(event: TaskEvent): Promise<void> {
    const { tokens } = this.#gateway
    const { organization } = this.#call.caller
    switch (event.kind) {
      case 'generated':
      case 'regenerated':
        return tokens.settled(organization, this.#taskId, requestIdOf(event))
      case 'delivered':
        return tokens.settled(organization, this.#taskId)
      case 'call_failed':
      case 'failed':
        return tokens.caughtUp()
    }
  }

  /** The newest answer as far as it is known, then its pieces to come. */
  #showTokens(): void {
    if (this.#showsTokens) return
    this.#showsTokens = true
    const show = (told: Tokens) => {
      const isNews = told.text !== '' && !this.#written.has(told.requestId)
      if (isNews) this.#sink.send({ kind: 'token', data: tokenView(told) })
    }
    this.#sink.onEnd(this.#gateway.tokens.listen(this.#call.caller.organization, this.#taskId, show))
  }
}

const requestIdOf = ({ detail }: TaskEvent): unknown =>
  'request_id' in detail ? detail.request_id : undefined

/** Nobody has judged it, and the delivered answer may be another. */
function tokenView({ requestId, attempt, number, at, text, isRestart }: Tokens): object {
  const facts = { kind: 'token', judged: false, attempt, request_id: requestId, number, at, text }
  return { ...facts, ...(isRestart && { restart: true }) }
}
