/** One failure whole: its message, its history, its input and its stack. */
import { html, nothing, type TemplateResult } from 'lit-html'
import { count, wholeTime } from '../format.ts'
import { t } from '../language.ts'
import { linkTo } from '../place.ts'
import type { ShownFailure } from '../shapes.ts'
import { harmless } from '../shown.ts'
import { textOf } from './text.ts'

const SHOWN_MAX = 100_000

export function failureView(failure: ShownFailure, replay: (() => void) | undefined): TemplateResult {
  const { id, failed_at: at, reason, attempts, organization, detail } = failure
  const stack = stackOf(detail)
  return html`<article class="card" aria-label=${harmless(id)}>
    <h3 class="wrap"><bdi>${harmless(id)}</bdi></h3>
    <p class="faint"><time datetime=${at}>${wholeTime(at)}</time> · ${t('failures.attempts', { count: count(attempts) })}
      ${organization === undefined ? nothing : html` · <a href=${linkTo('question', id, { organization })}>${t('failures.path')}</a>`}</p>
    ${textOf(reason, `reason ${id}`)}
    <details><summary>${t('failures.whole')}</summary>${textOf(JSON.stringify(detail, undefined, 2).slice(0, SHOWN_MAX), `whole ${id}`)}</details>
    ${stack === undefined ? nothing : html`<details><summary>${t('failures.stack')}</summary>${textOf(stack, `stack ${id}`)}</details>`}
    ${replay ? html`<p class="buttons"><button @click=${replay}>${t('failures.previewOne')}</button></p>` : nothing}
  </article>`
}

function stackOf(detail: unknown): string | undefined {
  const stack = typeof detail === 'object' && detail !== null && 'stack' in detail ? detail.stack : undefined
  return typeof stack === 'string' ? stack : undefined
}
