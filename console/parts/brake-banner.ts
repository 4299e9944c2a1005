/** What is stopped now, on every page: nobody may wonder why nothing moves. */
import { html, nothing, type TemplateResult } from 'lit-html'
import { brakes } from '../brakes-state.ts'
import { wholeTime } from '../format.ts'
import { t } from '../language.ts'
import { scopeWords } from '../scopes.ts'
import type { Brake } from '../shapes.ts'
import { cutAt, harmless } from '../shown.ts'

const SHOWN_MAX = 3

export function brakeBanner(): TemplateResult | typeof nothing {
  const set = (brakes.value ?? []).filter(({ reason }) => reason !== undefined)
  if (set.length === 0) return nothing
  return html`<div class="notice bad brakes" role="status">
    <strong>${t('brakes.set')}</strong>
    <ul class="plain">${set.slice(0, SHOWN_MAX).map(lineView)}</ul>
    ${set.length > SHOWN_MAX ? html`<span>${t('brakes.more', { count: set.length - SHOWN_MAX })}</span>` : nothing}
    <a href="#/brakes">${t('brakes.open')}</a>
  </div>`
}

const lineView = ({ scope, reason = '', until }: Brake): TemplateResult =>
  html`<li><bdi>${scopeWords(scope)}</bdi>: <bdi class="wrap">${harmless(cutAt(reason, 200).text)}</bdi>${
    until === undefined ? nothing : html` · ${t('brakes.ends', { time: wholeTime(until) })}`
  }</li>`
