/** Texts of people and models on the page: as text alone, harmless, and cut where they are long. */

import { signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { difference, type Piece } from '../difference.ts'
import { count } from '../format.ts'
import { t } from '../language.ts'
import { cutAt, harmless } from '../shown.ts'

const SHOWN_MAX = 6_000
/** Texts that the reader wants whole. */
const whole = signal<ReadonlySet<string>>(new Set())
/** A line of a megabyte stays what it is; a browser lays out this much without a pause. */
const WHOLE_MAX = 200_000

export function textOf(text: string, name = text.slice(0, 200) + text.length): TemplateResult {
  const { text: shown, more } = cutAt(text, whole.value.has(name) ? WHOLE_MAX : SHOWN_MAX)
  const open = () => {
    whole.value = new Set([...whole.value, name])
  }
  return html`<div class="text" dir="auto">${harmless(shown)}</div>${
    more > 0
      ? html`<p class="faint">${t('text.more', { count: count(more) })}
          ${whole.value.has(name) ? nothing : html`<button class="link" @click=${open}>${t('text.all')}</button>`}</p>`
      : nothing
  }`
}

/** What of the first text is gone in the second, and what is new. */
export function differenceOf(before: string, after: string): TemplateResult {
  const [one, other] = [cutAt(before, SHOWN_MAX).text, cutAt(after, SHOWN_MAX).text]
  return html`<div class="text" dir="auto">${difference(one, other).map(({ kind, text }) => {
    if (kind === 'same') return harmless(text)
    return kind === 'gone' ? html`<del>${harmless(text)}</del>` : html`<ins>${harmless(text)}</ins>`
  })}</div>`
}

/** Comparing takes as long as both texts are, and a page is drawn often: what was compared is kept as long as its owner. */
const compared = new WeakMap<object, readonly Piece[]>()

/** Two texts side by side: in the first what is gone is marked, in the second what is new. */
export function sidesOf(
  owner: object,
  before: string,
  after: string,
): readonly [TemplateResult, TemplateResult] {
  const [one, other] = [cutAt(before, SHOWN_MAX), cutAt(after, SHOWN_MAX)]
  const pieces = compared.get(owner) ?? difference(one.text, other.text)
  compared.set(owner, pieces)
  const side = (kind: 'gone' | 'new', more: number) =>
    html`<div class="text" dir="auto">${pieces
      .filter(piece => piece.kind === 'same' || piece.kind === kind)
      .map(piece => {
        if (piece.kind === 'same') return harmless(piece.text)
        return kind === 'gone'
          ? html`<del>${harmless(piece.text)}</del>`
          : html`<ins>${harmless(piece.text)}</ins>`
      })}</div>${more > 0 ? html`<p class="faint">${t('text.more', { count: count(more) })}</p>` : nothing}`
  return [side('gone', one.more), side('new', other.more)]
}
