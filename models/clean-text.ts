/** Of a reply while it comes, the text without the secrets of its endpoint. */
import type { Redactor } from '#core/secrets.ts'
import type { TextStream } from './model.ts'

/** Keeps back the end of the text while it may be the beginning of a secret: the next piece tells. */
export class CleanText implements TextStream {
  readonly #to: TextStream
  readonly #redact: Redactor
  #kept = ''

  constructor(to: TextStream, redact: Redactor) {
    this.#to = to
    this.#redact = redact
  }

  begin(): void {
    this.#kept = ''
    this.#to.begin()
  }

  text(piece: string): void {
    const text = this.#withoutCut(this.#kept + piece)
    const end = text.length - this.#redact.open(text)
    this.#kept = text.slice(end)
    const clean = this.#redact(text.slice(0, end))
    if (clean !== '') this.#to.text(clean)
  }

  /** A secret that would be cut in two goes at once. Any other waits: it may be part of a longer one. */
  #withoutCut(text: string): string {
    const end = text.length - this.#redact.open(text)
    if (end === text.length) return text
    const clean = this.#redact(text)
    const apart = this.#redact(text.slice(0, end)) + this.#redact(text.slice(end))
    return clean === apart ? text : clean
  }
}
