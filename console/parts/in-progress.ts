/** What a stage works on now, under its row on the flow: asked for while the stage is open. */
import { effect, signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { ask, Refusal } from '../api.ts'
import { now, repeatedly } from '../clock.ts'
import { count, duration } from '../format.ts'
import { named, t } from '../language.ts'
import { linkTo } from '../place.ts'
import type { Work, WorkProvider } from '../shapes.ts'
import { cutAt, harmless } from '../shown.ts'
import { refusalBox } from './states.ts'

const EVERY_MS = 2_000
const KEY_CHARACTERS = 60

interface Answer {
  readonly in_progress: number
  readonly work: readonly Work[]
  readonly providers: readonly WorkProvider[]
  readonly heard_ago_ms: number
}

interface Seen {
  readonly stage: string
  readonly at: number
  readonly answer: Answer | Refusal
}

export class InProgress {
  readonly seen = signal<Seen | undefined>(undefined)
  readonly #end: () => void
  #stop = () => {}

  /** `stageOf` reads signals: what it gives is followed. */
  constructor(stageOf: () => string | undefined) {
    this.#end = effect(() => {
      const stage = stageOf()
      this.#stop()
      this.seen.value = undefined
      this.#stop = stage === undefined ? () => {} : repeatedly(EVERY_MS, () => this.#look(stage, stageOf))
    })
  }

  close(): void {
    this.#end()
    this.#stop()
  }

  async #look(stage: string, stageOf: () => string | undefined): Promise<void> {
    const answer = await ask<Answer>(`/in-progress?stage=${encodeURIComponent(stage)}`)
    if (stageOf() === stage) this.seen.value = { stage, at: now.peek(), answer }
  }
}

export function inProgressView(seen: Seen | undefined): TemplateResult | typeof nothing {
  if (!seen) return nothing
  const { stage, answer, at } = seen
  const title = t('work.title', { stage })
  if (answer instanceof Refusal)
    return html`<section class="card" aria-label=${title}><h2>${title}</h2>${refusalBox(answer)}</section>`
  const { work, in_progress: all, providers, heard_ago_ms: ago } = answer
  const passed = Math.max(0, now.value - at)
  return html`<section class="card" aria-label=${title}><h2>${title}</h2>
    <p class="faint" role="status">${t('work.count', { shown: count(work.length), all: count(all), time: duration(ago + passed) })}</p>
    ${providers.filter(({ waiting, breaker }) => waiting > 0 || breaker !== undefined).map(providerView)}
    ${work.length === 0 ? html`<p class="empty">${t('work.none')}</p>` : tableView(work, passed)}</section>`
}

const providerView = ({
  provider,
  in_flight: inFlight,
  limit,
  waiting,
  breaker,
}: WorkProvider): TemplateResult =>
  html`<p class="notice warn wrap">${t('work.provider', { name: harmless(provider), inFlight: count(inFlight), limit: count(limit), waiting: count(waiting) })}
    ${breaker === undefined ? nothing : t('work.breaker', { reason: harmless(breaker) })}</p>`

const tableView = (work: readonly Work[], passed: number): TemplateResult =>
  html`<div class="scroll"><table class="runs">
    <thead><tr><th scope="col" class="number">${t('work.since')}</th><th scope="col">${t('work.record')}</th>
      <th scope="col">${t('work.waitsFor')}</th><th scope="col" class="number">${t('work.attempt')}</th>
      <th scope="col" class="number">${t('work.behind')}</th><th scope="col">${t('work.where')}</th></tr></thead>
    <tbody>${repeat(
      work,
      ({ id, task }) => `${task} ${id}`,
      each => rowView(each, passed),
    )}</tbody></table></div>`

function rowView(
  { id, key, pod, task, operator, place, attempt, ...rest }: Work,
  passed: number,
): TemplateResult {
  const { running_ms: running, waits_for: waitsFor, behind } = rest
  const shown = harmless(cutAt(key ?? id, KEY_CHARACTERS).text)
  return html`<tr>
    <td class="number">${running === undefined ? '–' : duration(running + passed)}</td>
    <th scope="row" title=${harmless(place)}>${key === undefined ? shown : html`<a href=${linkTo('questions', '', { q: key })}><bdi>${shown}</bdi></a>`}</th>
    <td>${harmless(named('waitsFor', waitsFor))}${operator === undefined ? nothing : html` <span class="faint">${harmless(operator)}</span>`}</td>
    <td class="number ${attempt > 1 ? 'amber-text' : ''}">${count(attempt)}</td>
    <td class="number">${behind > 0 ? count(behind) : '–'}</td>
    <td><bdi>${harmless(pod)}</bdi> <span class="faint">${harmless(task)}</span></td>
  </tr>`
}
