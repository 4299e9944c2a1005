/** Pieces of answers as they come, read from the log once for all who listen. */
import { decodeChunk, type TokenChunk } from '#answers/tokens.ts'
import { TOPICS } from '#answers/topics.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import { type Organization, organizationOf } from '#stores/organization.ts'
import { TOKENS_TOPIC } from './token-topic.ts'

/** What a listener gets: the text from `at` on, of an answer that nobody has judged. */
export interface Tokens {
  readonly requestId: string
  readonly attempt: number
  /** Of the last chunk in it. */
  readonly number: number
  /** Characters of the answer before this text; at 0 it begins. */
  readonly at: number
  readonly text: string
  /** The text begins although there was one before: of an earlier attempt, or of a call that broke off. */
  readonly isRestart: boolean
  /** The answer is whole with this text. */
  readonly isLast: boolean
}

export type TokenListener = (tokens: Tokens) => void

export interface TokenFeedOptions {
  readonly log: Log
  readonly system: System
}

/** Characters of answers that are remembered, for those who begin to listen in the middle of one. */
const REMEMBERED_CHARACTERS_MAX = 16_000_000

/** Pieces of the last minutes that a gateway reads at its start: of answers that are being written meanwhile. */
const EARLIER_RECORDS_MAX = 10_000
/** So long an event waits for pieces that go before it. */
const SETTLED_MS = 1_000
/** Until a topic that could not be read is tried again. */
const AGAIN_MS = 1_000

/** An answer as far as it is known. */
interface Known {
  readonly chunk: TokenChunk
  readonly text: string
  readonly isRestart: boolean
}

/**
 * A call that a crash took back may still write while the next one begins: the chunks of the call that began last count.
 * A text of which the beginning is not known is left out.
 */
export class TokenFeed implements Disposable {
  readonly #options: TokenFeedOptions
  readonly #listeners = new Map<string, Set<TokenListener>>()
  /** By task, in the order in which they were heard of. */
  readonly #known = new Map<string, Known>()
  #characters = 0
  #isClosed = false
  #following: Following | undefined

  constructor(options: TokenFeedOptions) {
    this.#options = options
  }

  /** Follows the topic, from pieces on of answers that may be under way. */
  async start(): Promise<void> {
    const { log } = this.#options
    await log.createTopics([TOKENS_TOPIC])
    const [bounds] = await log.bounds([{ topic: TOPICS.tokens, partition: 0 }])
    await this.#follow(bounds ? [Math.max(bounds.start, bounds.end - EARLIER_RECORDS_MAX)] : 'end')
  }

  /**
   * Calls back with what is known of the task's newest answer, then with what comes; the returned function takes that back.
   */
  listen(organization: Organization, taskId: string, listener: TokenListener): () => void {
    const key = keyOf(organization, taskId)
    const known = this.#known.get(key)
    if (known) listener(toldOf(known.chunk, { at: 0, text: known.text, isRestart: known.isRestart }))
    const listeners = this.#listeners.get(key) ?? new Set()
    const heard: TokenListener = tokens => listener(tokens)
    this.#listeners.set(key, listeners.add(heard))
    return () => {
      listeners.delete(heard)
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key)
    }
  }

  /** Identity of the call that writes the newest answer of the task, as far as is known. */
  newestCall(organization: Organization, taskId: string): string | undefined {
    return this.#known.get(keyOf(organization, taskId))?.chunk.requestId
  }

  /** Resolves when every piece was heard that the topic holds now; after a second in any case. */
  caughtUp(): Promise<void> {
    return this.#inTime(this.#following?.caughtUp())
  }

  /**
   * Resolves when the answer of the call was heard to its end, and without a call the newest answer; after a second in any
   * case. Its last piece may be written behind the event that tells the whole: they come to the log on different ways.
   */
  async settled(organization: Organization, taskId: string, requestId?: unknown): Promise<void> {
    let isOver = false
    let stop = () => {}
    const heardToEnd = async () => {
      await this.#following?.caughtUp()
      if (isOver) return
      const { promise, resolve } = Promise.withResolvers<void>()
      stop = this.listen(organization, taskId, told => {
        if (told.isLast && (requestId === undefined || told.requestId === requestId)) resolve()
      })
      await promise
    }
    await this.#inTime(heardToEnd())
    isOver = true
    stop()
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#following?.close()
  }

  #inTime(promise: Promise<void> | undefined): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#options.system.after(SETTLED_MS, resolve)
      const settle = () => {
        cancel()
        resolve()
      }
      if (promise) promise.then(settle, settle)
      else settle()
    })
  }

  async #follow(from: 'end' | readonly number[]): Promise<void> {
    const { log, system } = this.#options
    const onRecord = ({ value }: LogRecord) => {
      const chunk = value ? decodeChunk(value) : undefined
      if (chunk) this.#heard(chunk)
    }
    this.#following = await follow(log, { topic: TOPICS.tokens, from, system, onRecord })
    // Pieces may be dropped before they are read: later ones are not.
    this.#following.ended.catch(() => this.#followAgain())
  }

  #followAgain(): void {
    if (this.#isClosed) return
    this.#options.system.after(AGAIN_MS, () => {
      if (!this.#isClosed) this.#follow('end').catch(() => this.#followAgain())
    })
  }

  #heard(chunk: TokenChunk): void {
    const key = keyOf(organizationOf(chunk.organization), chunk.id)
    const known = this.#known.get(key)
    if (known && isPast(chunk, known.chunk)) return
    const begins = chunk.number === 0
    if (!begins && known && !goesOn(chunk, known.chunk)) this.#forget(key)
    if (!begins && !this.#known.has(key)) return
    const before = begins ? '' : (known?.text ?? '')
    const isRestart = begins ? known !== undefined || chunk.attempt > 1 : (known?.isRestart ?? false)
    this.#remember(key, { chunk, text: before + chunk.text, isRestart })
    const told = toldOf(chunk, { at: before.length, text: chunk.text, isRestart: begins && isRestart })
    for (const listener of this.#listeners.get(key) ?? []) listener(told)
  }

  #remember(key: string, known: Known): void {
    this.#forget(key)
    this.#known.set(key, known)
    this.#characters += known.text.length
    for (const oldest of this.#known.keys()) {
      if (this.#characters <= REMEMBERED_CHARACTERS_MAX) return
      this.#forget(oldest)
    }
  }

  #forget(key: string): void {
    this.#characters -= this.#known.get(key)?.text.length ?? 0
    this.#known.delete(key)
  }
}

function toldOf(
  { requestId, attempt, number, isLast }: TokenChunk,
  more: Pick<Tokens, 'at' | 'text' | 'isRestart'>,
): Tokens {
  return { requestId, attempt, number, isLast, ...more }
}

/** Of a call that began earlier, or written twice. */
const isPast = (chunk: TokenChunk, { beganAt, number }: TokenChunk): boolean =>
  chunk.beganAt < beganAt || (chunk.beganAt === beganAt && chunk.number > 0 && chunk.number <= number)

const goesOn = (chunk: TokenChunk, { beganAt, number }: TokenChunk): boolean =>
  chunk.beganAt === beganAt && chunk.number === number + 1

const keyOf = (organization: Organization, taskId: string): string => JSON.stringify([organization, taskId])
