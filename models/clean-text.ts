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
    const { clean, kept } = this.#split(this.#kept + piece)
    this.#kept = kept
    if (clean !== '') this.#to.text(clean)
  }

  /** A secret that would be cut in two goes at once. Any other waits: it may be part of a longer one. */
  #split(text: string): { readonly clean: string; readonly kept: string } {
    const end = text.length - this.#redact.open(text)
    const [clean, kept] = [this.#redact(text.slice(0, end)), text.slice(end)]
    if (kept === '') return { clean, kept }
    const whole = this.#redact(text)
    return whole === clean + this.#redact(kept) ? { clean, kept } : this.#split(whole)
  }
}
