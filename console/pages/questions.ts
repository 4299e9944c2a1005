/** Questions: one list of all, narrowed by the address, page after page. */
import { effect, signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { ask, Refusal } from '../api.ts'
import { now, repeatedly } from '../clock.ts'
import { count, duration, score, usd, wholeTime } from '../format.ts'
import { named, t } from '../language.ts'
import { filledIn } from '../parts/inputs.ts'
import { loading, refusalBox, stateChip } from '../parts/states.ts'
import { linkTo, place } from '../place.ts'
import type { Run } from '../shapes.ts'
import { cutAt, harmless } from '../shown.ts'
import type { Page } from './page.ts'

interface Found {
  readonly tasks: readonly Run[]
  readonly looked_at: number
  readonly next?: string
}

const LIVE_MS = 2_000
const STATES = ['generating', 'scoring', 'regenerating', 'delivering', 'waiting', 'delivered', 'failed']
const FILTERS = [
  'q',
  'state',
  'task_type',
  'organization',
  'below',
  'above_usd',
  'attempts',
  'error_type',
  'model',
  'prompt_version',
  'since',
  'until',
  'paid_from',
  'paid_to',
  'paid_for',
]

/** The list as far as the reader went. It begins again when the address narrows it otherwise. */
class Listing {
  readonly first = signal<Found | Refusal | undefined>(undefined)
  readonly more = signal<readonly Found[]>([])
  readonly isLoading = signal(false)
  /** Why the next page did not come. */
  readonly refusal = signal<Refusal | undefined>(undefined)
  #round = 0
  #stop = () => {}
  readonly #end: () => void

  constructor() {
    this.#end = effect(() => this.#begin(pathOf(place.value.query)))
  }

  readonly goOn = async (next: string): Promise<void> => {
    const own = this.#round
    this.isLoading.value = true
    const answer = await ask<Found>(pathOf({ ...place.value.query, cursor: next }))
    this.isLoading.value = false
    if (own !== this.#round) return
    this.refusal.value = answer instanceof Refusal ? answer : undefined
    if (!(answer instanceof Refusal)) this.more.value = [...this.more.value, answer]
  }

  close(): void {
    this.#round++
    this.#end()
    this.#stop()
  }

  #begin(path: string): void {
    const own = ++this.#round
    this.#stop()
    this.first.value = undefined
    this.more.value = []
    this.refusal.value = undefined
    this.#stop = repeatedly(LIVE_MS, async () => {
      // Who has gone on reads in peace: what comes meanwhile would move the pages.
      if (this.more.peek().length > 0) return
      const answer = await ask<Found>(path)
      if (own === this.#round) this.first.value = answer
    })
  }
}

export function questionsPage(): Page {
  const listing = new Listing()
  return {
    view: () => html`<h1>${t('questions.title')}</h1>
      ${filtersView()}
      ${listView(listing)}`,
    close: () => listing.close(),
  }
}

function pathOf(query: Readonly<Record<string, string>>): string {
  const known = Object.entries(query).filter(([name]) => FILTERS.includes(name) || name === 'cursor')
  return `/tasks?${new URLSearchParams(known)}`
}

function filtersView(): TemplateResult {
  const { query } = place.value
  const set = (name: string) => (event: Event) => {
    location.hash = linkTo('questions', '', { ...query, [name]: filledIn(event) })
  }
  const text = (name: string, label: string, type = 'text') =>
    html`<label>${label}<input type=${type} min="0" step="any" .value=${query[name] ?? ''} @change=${set(name)} /></label>`
  const given = FILTERS.filter(name => query[name] !== undefined)
  return html`<form class="filters" role="search" aria-label=${t('questions.filters')} @submit=${(event: Event) => event.preventDefault()}>
    <label class="wide">${t('filter.q')}<input type="search" .value=${query.q ?? ''} @change=${set('q')} /></label>
    <label>${t('filter.state')}<select @change=${set('state')}>
      <option value="">${t('filter.any')}</option>
      ${STATES.map(state => html`<option value=${state} ?selected=${query.state === state}>${named('state', state)}</option>`)}
    </select></label>
    ${text('below', t('filter.below'), 'number')} ${text('attempts', t('filter.attempts'), 'number')}
    <details ?open=${given.some(name => !['q', 'state', 'below', 'attempts'].includes(name))}>
      <summary>${t('filter.more')}</summary>
      <div class="filters">
        ${text('organization', t('filter.organization'))} ${text('task_type', t('filter.taskType'))}
        ${text('above_usd', t('filter.aboveUsd'), 'number')} ${text('error_type', t('filter.errorType'))}
        ${text('model', t('filter.model'))} ${text('prompt_version', t('filter.promptVersion'))}
      </div>
    </details>
    ${paidView(query)}
    ${query.organization === '' ? html`<p class="notice">${t('questions.ofNobody')}</p>` : nothing}
    ${given.length > 0 ? html`<a class="button" href="#/questions">${t('filter.none')}</a>` : nothing}
  </form>`
}

/** What a figure of money has led here for: no field of the form says it. */
function paidView({ paid_from: from, paid_to: to, paid_for: paidFor }: Readonly<Record<string, string>>) {
  if (from === undefined && to === undefined && paidFor === undefined) return nothing
  const [start, end] = [from, to].map(time =>
    time && !Number.isNaN(Date.parse(time)) ? wholeTime(time) : '…',
  )
  return html`<p class="notice">${t('questions.paid', { from: start ?? '', to: end ?? '' })}
    ${paidFor === undefined ? nothing : harmless(named('paidFor', paidFor))}</p>`
}

function listView({
  first: { value: first },
  more: { value: more },
  isLoading,
  refusal: { value: refusal },
  goOn,
}: Listing): TemplateResult {
  if (first === undefined) return loading()
  if (first instanceof Refusal) return refusalBox(first)
  const pages = [first, ...more]
  const runs = pages.flatMap(({ tasks }) => tasks)
  const next = pages.at(-1)?.next
  const looked = pages.reduce((sum, each) => sum + each.looked_at, 0)
  return html`${runs.length === 0 ? emptyView(next !== undefined) : tableView(runs)}
    <p class="faint" role="status">${t('questions.lookedAt', { shown: count(runs.length), looked: count(looked) })}
      ${more.length === 0 ? html`<span class="is-live">${t('questions.live')}</span>` : nothing}</p>
    ${refusal ? refusalBox(refusal) : nothing}
    ${next === undefined ? nothing : html`<button ?disabled=${isLoading.value} @click=${() => goOn(next)}>${t('questions.goOn')}</button>`}`
}

const emptyView = (isMore: boolean): TemplateResult =>
  html`<div class="empty"><p>${isMore ? t('questions.noneYet') : t('questions.none')}</p>
    <p><a class="button primary" href="#/ask">${t('questions.askOne')}</a></p></div>`

export const tableView = (runs: readonly Run[]): TemplateResult =>
  html`<div class="scroll"><table class="runs">
    <thead><tr>
      <th scope="col">${t('column.state')}</th><th scope="col">${t('column.question')}</th>
      <th scope="col">${t('column.taskType')}</th><th scope="col">${t('column.organization')}</th>
      <th scope="col" class="number">${t('column.final')}</th><th scope="col" class="number">${t('column.attempts')}</th>
      <th scope="col" class="number">${t('column.cost')}</th><th scope="col" class="number">${t('column.age')}</th>
    </tr></thead>
    <tbody>${repeat(runs, run => run.organization + run.task_id, rowView)}</tbody>
  </table></div>`

function rowView(run: Run): TemplateResult {
  const { task_id: id, organization, state, title, until, asked_at: asked, cost_usd: cost } = run
  const href = linkTo('question', id, { organization })
  const left = until === undefined ? 0 : Date.parse(until) - now.value
  const took =
    run.ended_at === undefined ? now.value - Date.parse(asked) : Date.parse(run.ended_at) - Date.parse(asked)
  return html`<tr>
    <td>${stateChip(state, run.below_threshold)}${left > 0 ? html` <span class="faint">${duration(left)}</span>` : nothing}</td>
    <td class="title"><a href=${href} dir="auto">${harmless(cutAt(title, 160).text) || harmless(id)}</a>${title === '' ? html` <span class="faint">${named('reason', run.reason ?? '')}</span>` : nothing}</td>
    <td>${named('taskType', run.task_type)}</td>
    <td>${harmless(organization)}</td>
    <td class="number">${score(run.final)}</td>
    <td class="number">${attemptsOf(run)}</td>
    <td class="number">${cost === null ? html`<span title=${t('price.unpriced', { count: count(run.unpriced) })}>${t('price.unknown')}</span>` : run.calls === 0 ? '–' : usd(cost)}</td>
    <td class="number"><time datetime=${asked} title=${wholeTime(asked)}>${duration(Math.max(0, now.value - Date.parse(asked)))}</time>
      <span class="faint">${t('questions.took', { time: duration(Math.max(0, took)) })}</span></td>
  </tr>`
}

/** Verdicts, and calls that failed, each for itself. */
const attemptsOf = ({ quality_attempts: judged, error_attempts: failed }: Run): TemplateResult =>
  html`${count(judged)}${failed > 0 ? html` <span class="failed-count" title=${t('questions.failedCalls', { count: count(failed) })}>+${count(failed)} ✕</span>` : nothing}`
