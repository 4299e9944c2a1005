/** A streamed reply while it comes: bytes in, pieces of text out. What the reply is in the end, `openai-stream.ts` says. */
import type { TextStream } from './model.ts'
import { textOf } from './openai-message.ts'

/** A line without an end is no event; the whole reply will tell what it is. */
const LINE_CHARACTERS_MAX = 1_000_000

/** What is no event, or an event without text, is passed over. */
export class Deltas {
  readonly #stream: TextStream
  readonly #decoder = new TextDecoder()
  #line = ''

  constructor(stream: TextStream) {
    this.#stream = stream
  }

  push(bytes: Uint8Array): void {
    if (this.#line.length > LINE_CHARACTERS_MAX) return
    const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r/)
    this.#line = lines.pop() ?? ''
    for (const line of lines) {
      const text = line.startsWith('data:') ? deltaIn(line.slice('data:'.length)) : ''
      if (text !== '') this.#stream.text(text)
    }
  }
}

interface Chunk {
  readonly choices?: readonly {
    readonly index?: unknown
    readonly delta?: { readonly content?: unknown } | null
  }[]
}

/** Of the first choice, as for a whole reply. */
function deltaIn(data: string): string {
  try {
    const chunk: Chunk | null = JSON.parse(data) // Each field is checked before it is used.
    const choices = Array.isArray(chunk?.choices) ? chunk.choices : []
    return textOf(choices.find(choice => Number(choice?.index ?? 0) === 0)?.delta?.content)
  } catch {
    return ''
  }
}
