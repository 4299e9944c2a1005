/** How a run stands, in a word with a colour and a sign of its own. */
import { html, nothing, type TemplateResult } from 'lit-html'
import type { Link, Refusal } from '../api.ts'
import { named, t, wordsUnder } from '../language.ts'

const SIGNS: Readonly<Record<string, string>> = {
  accepted: '○',
  generating: '◔',
  scoring: '◑',
  regenerating: '↻',
  delivering: '◕',
  waiting: '⏸',
  delivered: '●',
  failed: '✕',
}

export const stateChip = (state: string, belowThreshold = false): TemplateResult =>
  html`<span class="chip ${belowThreshold ? 'below' : state}"
    ><span aria-hidden="true">${SIGNS[state] ?? '○'}</span> ${named('state', state)}${
      belowThreshold ? html` · ${t('state.below')}` : nothing
    }</span
  >`

/** In the reader's language where the catalogue has the code; details are what the gateway says. */
export const refusalText = ({ code, title, detail = '' }: Refusal): string =>
  code === 'unreachable' ? t('refusal.unreachable') : `${wordsUnder(`problem.${code}`) ?? title} ${detail}`

/** What went wrong with a request, and what to do. */
export const refusalBox = (refusal: Refusal, again?: () => void): TemplateResult =>
  html`<div class="notice bad" role="alert">
    <p>${refusalText(refusal)}</p>
    ${again ? html`<button @click=${again}>${t('again')}</button>` : nothing}
  </div>`

export const linkNotice = (link: Link, refusal?: Refusal): TemplateResult | typeof nothing =>
  link === 'lost'
    ? html`<div class="notice warn" role="status">${refusal ? `${t('link.refused')} ${refusalText(refusal)}` : t('link.lost')}</div>`
    : link === 'connecting'
      ? html`<p class="faint" role="status">${t('link.connecting')}</p>`
      : nothing

export const loading = (): TemplateResult => html`<p class="empty" role="status">${t('loading')}</p>`
