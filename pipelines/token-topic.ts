/** Writes pieces of answers to their topic while they come: a batch every 50 ms for all answers of a pod. */
import {
  encodeChunk,
  TOKENS_KEPT_MS,
  type TokenChunk,
  type TokenFacts,
  type TokenSink,
  type TokenWriter,
} from '#answers/tokens.ts'
import { TOPICS } from '#answers/topics.ts'
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { NO_HEADERS } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'

export interface TokenTopicOptions {
  readonly log: Pick<Log, 'append' | 'createTopics'>
  readonly system: System
  readonly logger: Pick<Logger, 'warn'>
}

const BATCH_MS = 50
/** Of one answer; of a longer one the rest is left out. */
const TEXT_CHARACTERS_MAX = 100_000
/** Of all answers, while the log takes none: an answer that finds no room is streamed no further. */
const WAITING_CHARACTERS_MAX = 8_000_000
/** A log that refuses is named once in this time. */
const WARNED_EVERY_MS = 60_000

/** As gateways and pods create it. One partition, so that the pieces of an answer stay in order. */
export const TOKENS_TOPIC = {
  name: TOPICS.tokens,
  partitions: 1,
  compacted: false,
  retentionMs: TOKENS_KEPT_MS,
} as const

/**
 * Plain appends beside the transactions of the pod. So a piece may be there of a call that a crash takes back: the call
 * that follows begins again at 0. One append is on its way at a time; what comes meanwhile goes with the next one. What an
 * append that fails had in it is lost, and nothing else is: the delivered event carries the whole answer.
 */
export class TokenTopic implements TokenSink, Disposable {
  readonly #options: TokenTopicOptions
  readonly #waiting = new Set<Writer>()
  #waitingCharacters = 0
  #cancel: (() => void) | undefined
  #isAppending = false
  #hasTopic = false
  #isClosed = false
  #quietUntil = Number.NEGATIVE_INFINITY

  constructor(options: TokenTopicOptions) {
    this.#options = options
  }

  open(facts: TokenFacts): TokenWriter {
    const writer: Writer = new Writer(facts, {
      wants: characters => this.#takes(writer, characters),
      leaves: characters => {
        this.#waitingCharacters -= characters
      },
    })
    return writer
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#cancel?.()
  }

  #takes(writer: Writer, characters: number): boolean {
    if (this.#isClosed || this.#waitingCharacters + characters > WAITING_CHARACTERS_MAX) return false
    this.#waitingCharacters += characters
    this.#waiting.add(writer)
    this.#wake()
    return true
  }

  #wake(): void {
    if (this.#isClosed || this.#isAppending || this.#cancel || this.#waiting.size === 0) return
    this.#cancel = this.#options.system.after(BATCH_MS, () => {
      this.#cancel = undefined
      this.#isAppending = true
      this.#append().finally(() => {
        this.#isAppending = false
        this.#wake()
      })
    })
  }

  async #append(): Promise<void> {
    const { log, system } = this.#options
    const chunks = [...this.#waiting].flatMap(writer => writer.taken())
    this.#waiting.clear()
    if (chunks.length === 0) return
    const records = chunks.map(chunk => recordOf(chunk, system.now()))
    try {
      if (!this.#hasTopic) await log.createTopics([TOKENS_TOPIC])
      this.#hasTopic = true
      await log.append([{ topic: TOPICS.tokens, partition: 0, records }])
    } catch (error) {
      this.#warn(error)
    }
  }

  #warn(error: unknown): void {
    const { system, logger } = this.#options
    const now = system.monotonic()
    if (now < this.#quietUntil) return
    this.#quietUntil = now + WARNED_EVERY_MS
    const fields = { topic: TOPICS.tokens, error: reasonOf(error) }
    logger.warn('answers cannot be streamed while they are written; they come whole', fields)
  }
}

const recordOf = (chunk: TokenChunk, timestamp: number) => ({
  key: Buffer.from(chunk.id),
  value: encodeChunk(chunk),
  headers: NO_HEADERS,
  timestamp,
})

/** What a writer asks of its topic. */
interface Room {
  wants(characters: number): boolean
  leaves(characters: number): void
}

class Writer implements TokenWriter {
  readonly #facts: TokenFacts
  readonly #room: Room
  #text = ''
  /** Of the text, what has left. */
  #left = 0
  #number = 0
  #isOver = false
  /** Whether the chunk that ends the answer is still to be sent. */
  #hasEnd = false

  constructor(facts: TokenFacts, room: Room) {
    this.#facts = facts
    this.#room = room
  }

  begin(): void {
    this.#drop()
    this.#text = ''
    this.#left = 0
    this.#number = 0
  }

  text(piece: string): void {
    if (this.#isOver || piece === '') return
    const fits = this.#text.length + piece.length <= TEXT_CHARACTERS_MAX && this.#room.wants(piece.length)
    if (fits) this.#text += piece
    else this.#isOver = true
  }

  whole(text: string): void {
    if (!text.startsWith(this.#text)) this.begin()
    const rest = text.slice(this.#text.length)
    this.text(rest)
    // An answer of which a part found no room has no end that could be marked.
    this.#hasEnd = !this.#isOver && this.#room.wants(0)
    this.#isOver = true
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#drop()
  }

  /** What waits, as one chunk. */
  taken(): readonly TokenChunk[] {
    const text = this.#text.slice(this.#left)
    const isLast = this.#hasEnd
    if (text === '' && !isLast) return []
    this.#hasEnd = false
    this.#room.leaves(text.length)
    this.#left = this.#text.length
    return [{ ...this.#facts, number: this.#number++, text, isLast }]
  }

  #drop(): void {
    this.#room.leaves(this.#text.length - this.#left)
    this.#text = this.#text.slice(0, this.#left)
  }
}
