/** Two versions compared: in a sentence, by what they ask with, and question by question. */
import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { count, decimal, NONE, score, signed, usd } from '../format.ts'
import { named, t } from '../language.ts'
import { linkTo } from '../place.ts'
import type { Comparison, Interval, Pair, Version, VersionText } from '../shapes.ts'
import { cutAt, harmless } from '../shown.ts'
import { type Compared, changedSettings, MARKS, verdictOf } from '../versions.ts'
import { differenceOf, sidesOf } from './text.ts'

export function togetherView({ together }: Comparison, { a, b }: Compared): TemplateResult {
  const { final } = together.change
  const { pairs, better, worse, same, few } = together
  if (pairs === 0) return html`<p class="empty">${t('versions.noPairs')}</p>`
  const values = {
    ...{ a: harmless(a.prompt_version), b: harmless(b.prompt_version), pairs: count(pairs) },
    change: final.mean === undefined ? NONE : signed(final.mean),
    interval: intervalText(final.interval),
  }
  const verdict = few ? 'few' : verdictOf(final.interval)
  return html`<p class="sentence ${TONES[verdict]}">${t(`versions.verdict.${verdict}`, values)}</p>
    <p>${t('versions.counts', { better: count(better), worse: count(worse), same: count(same) })}</p>
    ${few ? html`<p class="notice warn">${t('versions.fewPairs', { pairs: count(pairs) })}</p>` : nothing}
    <dl class="facts">${MARKS.slice(1).map(mark => {
      const { mean, interval } = together.change[mark]
      return html`<div><dt>${named('mark', mark)}</dt><dd>${mean === undefined ? NONE : signed(mean)}${interval ? html` <span class="faint">${intervalText(interval)}</span>` : nothing}</dd></div>`
    })}<div><dt>${t('column.cost')}</dt><dd>${costChange(together)}</dd></div></dl>`
}

const TONES = { better: 'good', worse: 'bad', unclear: '', few: 'warn' } as const

function intervalText(interval: Interval | undefined): string {
  const [low, high] = interval ?? []
  return low === undefined || high === undefined
    ? t('versions.noInterval')
    : t('versions.between', { low: signed(low), high: signed(high) })
}

function costChange({ cost_change_usd: cost, unpriced }: Comparison['together']): string {
  const left = unpriced > 0 ? ` (${t('versions.unpricedPairs', { count: count(unpriced) })})` : ''
  return cost.mean === undefined
    ? `${t('price.unknown')}${left}`
    : `${cost.mean > 0 ? '+' : ''}${usd(cost.mean)}${left}`
}

/** What both ask with, as far as anybody knows. */
export function textsView({ texts }: Comparison, { a, b }: Compared): TemplateResult {
  if (!texts) return html`<p class="faint">${t('versions.textsHidden')}</p>`
  if (!changedSettings(texts.a, texts.b)) return html`${unknownView(a, texts.a)}${unknownView(b, texts.b)}`
  return differenceView(texts.a, texts.b)
}

/** Each setting that differs, word by word. */
export function differenceView(before: VersionText, after: VersionText): TemplateResult {
  const changed = changedSettings(before, after) ?? []
  if (changed.length === 0) return html`<p>${t('versions.textsSame')}</p>`
  const [one, other] = [before.settings ?? {}, after.settings ?? {}]
  return html`<dl class="messages">${changed.map(
    name =>
      html`<dt>${named('setting', name)}</dt><dd>${differenceOf(textIn(one[name]), textIn(other[name]))}</dd>`,
  )}</dl>`
}

const textIn = (value: unknown): string => (value === undefined ? t('versions.notSet') : String(value))

const unknownView = ({ prompt_version: version }: Version, { why }: VersionText) =>
  why === undefined
    ? nothing
    : html`<p class="notice">${t('versions.unknown', { version: harmless(version) })} ${named('versionUnknown', why)}</p>`

export const pairsView = ({ pairs }: Comparison): TemplateResult =>
  html`<ol class="attempts" aria-label=${t('versions.pairs')}>${repeat(pairs, ({ id }) => id, pairView)}</ol>`

function pairView(pair: Pair): TemplateResult {
  const { a, b, change, organization } = pair
  const { title = '' } = b
  const side = (answer: Pair['a'], label: string, text: TemplateResult) => html`<div>
    <h4>${label} <span class="final">${score(answer.final)}</span>
      <a href=${linkTo('question', answer.task_id ?? '', { organization })} aria-label=${t('versions.path', { side: label, title: harmless(cutAt(title, 80).text) })}>${t('failures.path')}</a></h4>
    ${text}
  </div>`
  const [before, after] = sidesOf(pair, a.answer ?? '', b.answer ?? '')
  return html`<li class="card">
    <h3 dir="auto"><span class="chip ${change < 0 ? 'failed' : change > 0 ? 'delivered' : ''}">${signed(change)}</span> ${harmless(cutAt(title, 160).text)}</h3>
    <p class="faint">${marksText(pair)}</p>
    <div class="columns sides">${side(a, t('versions.a'), before)}${side(b, t('versions.b'), after)}</div>
  </li>`
}

/** Each criterion of both. */
const marksText = ({ a, b }: Pair): string =>
  MARKS.slice(1)
    .map(mark => `${named('mark', mark)} ${markIn(a, mark)} → ${markIn(b, mark)}`)
    .join(' · ')

function markIn({ scores = {} }: Pair['a'], mark: string): string {
  const found = scores[mark]
  return typeof found === 'number' ? decimal(found) : NONE
}
