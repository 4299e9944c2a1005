/**
 * What is on its way to a collector: a bounded queue, sent in batches one after another. A collector that is away, slow or hangs
 * costs what does not fit into the queue, and a count of it. Nobody ever waits for it but the end of the process, for a moment.
 */
import { publish } from '#core/diagnostics.ts'
import { type System, sleep } from '#core/system.ts'

const QUEUE_MAX = 8_192
const BATCH_MAX = 512
const DELAY_MS = 1_000
const SEND_TIMEOUT_MS = 10_000
const CLOSE_MS = 2_000

export interface SendQueueOptions<T> {
  readonly system: System
  /** Rejects where the batch was not taken. */
  readonly send: (batch: readonly T[]) => Promise<void>
}

export class SendQueue<T> implements AsyncDisposable {
  readonly #options: SendQueueOptions<T>
  #waiting: T[] = []
  #sending: Promise<void> | undefined
  #cancel: (() => void) | undefined
  /** Items of the batch that is on its way. */
  #onWay = 0
  #isClosed = false

  constructor(options: SendQueueOptions<T>) {
    this.#options = options
  }

  add(item: T): void {
    if (this.#isClosed || this.#waiting.length >= QUEUE_MAX) {
      publish('caudal:traces:lost', { spans: 1, reason: 'full' })
      return
    }
    this.#waiting.push(item)
    if (this.#waiting.length >= BATCH_MAX) this.#start()
    else this.#cancel ??= this.#options.system.after(DELAY_MS, () => this.#start())
  }

  /** Sends what is left, for a moment; what is left then is lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#start()
    const enough = new AbortController()
    const over = sleep(this.#options.system, CLOSE_MS, enough.signal).catch(() => undefined)
    await Promise.race([this.#sending, over])
    enough.abort()
    const left = this.#onWay + this.#waiting.splice(0).length
    this.#onWay = 0
    this.#lose(left, 'closed')
  }

  #start(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#sendOne(this.#waiting.splice(0, BATCH_MAX))
  }

  async #sendOne(batch: readonly T[]): Promise<void> {
    const { system, send } = this.#options
    const { promise: late, resolve } = Promise.withResolvers<'late'>()
    this.#onWay = batch.length
    const cancel = system.after(SEND_TIMEOUT_MS, () => resolve('late'))
    const sent = (async () => send(batch))().then(
      () => undefined,
      () => 'failed' as const,
    )
    const lost = await Promise.race([sent, late])
    cancel()
    if (lost !== undefined) this.#lose(this.#onWay, lost)
    this.#onWay = 0
  }

  #lose(spans: number, reason: 'late' | 'failed' | 'closed'): void {
    if (spans > 0) publish('caudal:traces:lost', { spans, reason })
  }
}
