/** A completion as server-sent events: word by word over the time that it takes, as from a model that writes. */
import type { ServerResponse } from 'node:http'
import type { System } from '#core/system.ts'
import { type Completion, usage } from './wire.ts'

/** The first word comes after this share of the time. */
const FIRST_WORD = 0.3
/** Writes of one completion: more timers would say nothing else. */
const WRITES_MAX = 20

/** How long a stream takes, and whether it ends well. */
export interface WordStreamOptions {
  readonly system: System
  /** From now to the last word. */
  readonly durationMs: number
  readonly includesUsage: boolean
  /** Breaks the connection off after half of the words. */
  readonly isCut: boolean
  /** Called right before the last word is sent, or before it breaks off. */
  readonly onEnd: () => void
}

/** Sends it; the returned function stops it. */
export function sendWords(
  response: ServerResponse,
  completion: Completion,
  options: WordStreamOptions,
): () => void {
  const { system, durationMs, includesUsage, isCut, onEnd } = options
  const words = completion.text.match(/\S+\s*/g) ?? []
  const writes = durationMs === 0 ? 1 : Math.min(WRITES_MAX, Math.max(1, words.length))
  const perWrite = Math.ceil(words.length / writes)
  const firstMs = durationMs * FIRST_WORD
  let next = 0
  let cancel = () => {}
  const step = () => {
    if (next === 0) begin(response, completion)
    if (isCut && next * 2 >= words.length) {
      onEnd()
      response.destroy()
      return
    }
    const now = words.slice(next, next + perWrite)
    next += perWrite
    const isLast = next >= words.length
    if (isLast && !isCut) onEnd()
    for (const word of now) sendChunk(response, completion, deltaOf({ content: word }))
    if (!isLast || isCut) cancel = system.after((durationMs - firstMs) / Math.max(1, writes - 1), step)
    else finish(response, completion, includesUsage)
  }
  cancel = system.after(writes === 1 ? durationMs : firstMs, step)
  return () => cancel()
}

const deltaOf = (delta: object, reason: string | null = null): object => ({
  index: 0,
  delta,
  finish_reason: reason,
})

function begin(response: ServerResponse, completion: Completion): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  sendChunk(response, completion, deltaOf({ role: 'assistant', content: '' }))
}

function finish(response: ServerResponse, completion: Completion, includesUsage: boolean): void {
  sendChunk(response, completion, deltaOf({}, 'stop'))
  if (includesUsage)
    send(response, completion, [], { usage: usage(completion.promptTokens, completion.text) })
  response.end('data: [DONE]\n\n')
}

const sendChunk = (response: ServerResponse, completion: Completion, choice: object): void =>
  send(response, completion, [choice])

function send(
  response: ServerResponse,
  { id, model, created }: Completion,
  choices: readonly object[],
  more: object = {},
): void {
  const chunk = { id, object: 'chat.completion.chunk', created, model, choices, ...more }
  response.write(`data: ${JSON.stringify(chunk)}\n\n`)
}
