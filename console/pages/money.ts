/** Money: what calls cost, by whom and for what; each figure opens to the questions that it is the sum of. */
import { effect, signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { ask, Refusal } from '../api.ts'
import { now, repeatedly } from '../clock.ts'
import { download } from '../download.ts'
import { count, duration, NONE, usd, wholeTime } from '../format.ts'
import { named, t } from '../language.ts'
import {
  COST_KEYS,
  type CostKey,
  type CostRow,
  type Costs,
  costsCsv,
  knownUsd,
  questionsBehind,
  totalOf,
} from '../money.ts'
import { filledIn } from '../parts/inputs.ts'
import { loading, refusalBox } from '../parts/states.ts'
import { linkTo, place } from '../place.ts'
import { harmless } from '../shown.ts'
import type { Page } from './page.ts'

const EVERY_MS = 5_000
const DAY_MS = 86_400_000
const RANGES = ['hour', 'day', 'week', 'month', 'all'] as const
const RANGE_MS: Readonly<Record<string, number>> = {
  hour: 3_600_000,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 30 * DAY_MS,
}

interface View {
  readonly by: CostKey
  readonly range: string
  /** Of any where it is not there; empty: of none. */
  readonly organization: string | undefined
}

interface Seen {
  readonly costs: Costs
  readonly at: number
}

class Sums {
  readonly seen = signal<Seen | undefined>(undefined)
  readonly refusal = signal<Refusal | undefined>(undefined)
  #round = 0
  #stop = () => {}
  readonly #end: () => void

  constructor() {
    this.#end = effect(() => this.#begin(viewIn(place.value.query)))
  }

  close(): void {
    this.#round++
    this.#end()
    this.#stop()
  }

  #begin(view: View): void {
    const own = ++this.#round
    this.#stop()
    this.seen.value = undefined
    this.refusal.value = undefined
    this.#stop = repeatedly(EVERY_MS, async () => {
      const answer = await ask<Costs>(pathOf(view))
      if (own !== this.#round) return
      this.refusal.value = answer instanceof Refusal ? answer : undefined
      if (!(answer instanceof Refusal)) this.seen.value = { costs: answer, at: Date.parse(answer.to) }
    })
  }
}

export function moneyPage(): Page {
  const sums = new Sums()
  return {
    view: () => html`<h1>${t('money.title')}</h1>${chooseView()}${sumsView(sums)}`,
    close: () => sums.close(),
  }
}

function viewIn(query: Readonly<Record<string, string>>): View {
  return {
    by: COST_KEYS.find(key => key === query.by) ?? 'task_type',
    range: RANGES.find(range => range === query.range) ?? 'day',
    organization: query.organization,
  }
}

/** The end is the gateway's own time, the beginning that of this machine: a range of days bears the difference. */
function pathOf({ by, range, organization }: View): string {
  const lasting = RANGE_MS[range]
  const from = lasting === undefined ? 0 : Math.max(0, now.peek() - lasting)
  const query = new URLSearchParams({ by, from: new Date(from).toISOString() })
  if (organization !== undefined) query.set('organization', organization)
  return `/costs?${query}`
}

function chooseView(): TemplateResult {
  const { by, range, organization } = viewIn(place.value.query)
  const set = (name: string) => (event: Event) => {
    location.hash = linkTo('money', '', { by, range, organization, [name]: filledIn(event) })
  }
  return html`<form class="filters" aria-label=${t('money.view')} @submit=${(event: Event) => event.preventDefault()}>
    <label>${t('money.by')}<select @change=${set('by')}>
      ${COST_KEYS.map(key => html`<option value=${key} ?selected=${key === by}>${t(`money.by.${key}`)}</option>`)}
    </select></label>
    <label>${t('money.range')}<select @change=${set('range')}>
      ${RANGES.map(each => html`<option value=${each} ?selected=${each === range}>${t(`money.range.${each}`)}</option>`)}
    </select></label>
    <label>${t('filter.organization')}<input type="text" .value=${organization ?? ''} @change=${set('organization')} /></label>
  </form>`
}

function sumsView({ seen: { value: seen }, refusal: { value: refusal } }: Sums): TemplateResult {
  if (!seen) return refusal ? refusalBox(refusal) : loading()
  const { by, organization } = viewIn(place.value.query)
  const { costs, at } = seen
  const total = totalOf(costs.costs)
  const save = () => download(`caudal-costs-${by}.csv`, costsCsv(by, costs))
  return html`${refusal ? refusalBox(refusal) : nothing}
    <section class="card" aria-label=${t('money.total')}>
      <p class="sum">${usdView(total)} <span class="faint">${t('money.calls', { count: count(total.calls) })}</span></p>
      ${total.unpriced > 0 ? html`<p class="notice warn">${t('money.unpriced', { count: count(total.unpriced) })}</p>` : nothing}
      <p class="faint">${t('money.undelivered', { usd: usd(total.usd_undelivered) })}</p>
      <p class="faint" role="status">${t('money.range.of', { from: wholeTime(costs.from), to: wholeTime(costs.to) })}
        ${t('money.asOf', { time: duration(Math.max(0, now.value - at)) })}</p>
    </section>
    ${
      costs.costs.length === 0
        ? html`<p class="empty">${t('money.none')}</p>`
        : html`<div class="scroll"><table class="runs">
          <thead><tr><th scope="col">${t(`money.by.${by}`)}</th><th scope="col" class="number">${t('column.cost')}</th>
            <th scope="col" class="number">${t('money.undeliveredUsd')}</th><th scope="col" class="number">${t('money.unpricedCalls')}</th>
            <th scope="col" class="number">${t('money.callsColumn')}</th><th scope="col" class="number">${t('money.tokens')}</th></tr></thead>
          <tbody>${repeat(
            costs.costs,
            ({ key }) => key,
            row => rowView(by, row, questionsBehind(by, row.key, costs, organization)),
          )}</tbody>
        </table></div>
        <p><button @click=${save}>${t('money.csv')}</button></p>`
    }`
}

const rowView = (by: CostKey, row: CostRow, href: string): TemplateResult => html`<tr>
    <th scope="row" class="wrap"><bdi>${row.key === '' ? t('money.noKey') : harmless(shownKey(by, row.key))}</bdi></th>
    <td class="number"><a href=${href} aria-label=${t('money.questions', { usd: usdView(row), key: harmless(row.key) || t('money.noKey') })}>${usdView(row)}</a></td>
    <td class="number">${knownUsd(row) === undefined ? NONE : usd(row.usd_undelivered)}</td>
    <td class="number">${row.unpriced > 0 ? html`<span class="amber-text">${count(row.unpriced)}</span>` : count(0)}</td>
    <td class="number">${count(row.calls)}</td>
    <td class="number">${count(row.tokens)}</td>
  </tr>`

const shownKey = (by: CostKey, key: string): string =>
  by === 'task_type' ? named('taskType', key) : by === 'attempt' ? named('paidFor', key) : key

/** Never 0 for what is not known. */
function usdView(row: Omit<CostRow, 'key'>): string {
  const known = knownUsd(row)
  return known === undefined ? t('price.unknown') : usd(known)
}
