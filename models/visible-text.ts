/** Of a reply while it comes, the part that is for its reader: without the reasoning that stands in front of it. */
import type { TextStream } from './model.ts'
import { outOfThought } from './thinking.ts'

/** What a mark behind reasoning may end with. */
const CLOSING = /[>\]▷;]/

/** What may become a tag: its end has not come. */
const OPEN_TAG = /<[^<>]{0,30}$/

/**
 * Hands on what `outOfThought` leaves of the text so far. Where that is no continuation of what was handed on, the text
 * begins again. Pieces without a bracket, behind text that is all handed on, need no second look: most are such.
 */
export class VisibleText implements TextStream {
  readonly #to: TextStream
  #said = ''
  #shown = ''
  /** Characters of reasoning in front of what is shown. */
  #thoughts = 0
  #isThinking = false

  constructor(to: TextStream) {
    this.#to = to
  }

  begin(): void {
    this.#said = ''
    this.#shown = ''
    this.#thoughts = 0
    this.#isThinking = false
    this.#to.begin()
  }

  text(piece: string): void {
    const isAllShown = this.#shown !== '' && this.#thoughts + this.#shown.length === this.#said.length
    this.#said += piece
    if (this.#isThinking ? !CLOSING.test(piece) : isAllShown && !piece.includes('<')) {
      if (!this.#isThinking) this.#hand(piece)
      return
    }
    const left = outOfThought(this.#said)
    this.#isThinking = outOfThought(`${this.#said}.`) === ''
    if (this.#said.endsWith(left)) this.#thoughts = this.#said.length - left.length
    this.#show(left.replace(OPEN_TAG, ''))
  }

  #show(visible: string): void {
    if (visible.startsWith(this.#shown)) return this.#hand(visible.slice(this.#shown.length))
    this.#shown = ''
    this.#to.begin()
    this.#hand(visible)
  }

  #hand(piece: string): void {
    this.#shown += piece
    if (piece !== '') this.#to.text(piece)
  }
}
