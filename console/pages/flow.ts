/** Flow: what moves, what waits, and what holds it up. */
import { computed, signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { ask, Refusal } from '../api.ts'
import { repeatedly } from '../clock.ts'
import { flow, flowLink, flowRefusal, graph, past, picture } from '../flow-state.ts'
import { count, duration, rate } from '../format.ts'
import { named, t } from '../language.ts'
import { flowChart } from '../parts/flow-chart.ts'
import { flowPicture } from '../parts/flow-picture.ts'
import { InProgress, inProgressView } from '../parts/in-progress.ts'
import { linkNotice, loading } from '../parts/states.ts'
import { keepInAddress, linkTo, place } from '../place.ts'
import { seesAll } from '../reader.ts'
import { sentenceOf, toneOf } from '../sentences.ts'
import type { Flow, Run, StageFlow } from '../shapes.ts'
import { harmless } from '../shown.ts'
import type { Page } from './page.ts'
import { tableView } from './questions.ts'

const LATEST = 6
const LATEST_MS = 2_000
/** The stage that is open: the address has it. */
const chosen = computed(() => (place.value.page === 'flow' ? place.value.query.stage : undefined))

export function flowPage(): Page {
  const latest = signal<readonly Run[] | undefined>(undefined)
  const stop = repeatedly(LATEST_MS, async () => {
    const answer = await ask<{ readonly tasks: readonly Run[] }>(`/tasks?limit=${LATEST}`)
    latest.value = answer instanceof Refusal ? undefined : answer.tasks
  })
  const work = new InProgress(() => (seesAll() ? chosen.value : undefined))
  return {
    view: () => {
      const seen = flow.value
      const drawn = picture.value
      if (!seen || !drawn)
        return html`<h1>${t('flow.title')}</h1>${flowLink.value === 'lost' ? linkNotice('lost', flowRefusal.value) : loading()}`
      return html`<h1>${t('flow.title')}</h1>
        ${sentenceView(seen)}
        ${flowPicture({ picture: drawn, flow: seen, chosen: chosen.value, choose })}
        ${legendView()}
        ${inProgressView(work.seen.value)}
        <div class="columns wide">
          <section class="card" aria-label=${t('flow.chart')}><h2>${t('flow.lastMinutes')}</h2>${flowChart(past.value)}</section>
          ${besideView(seen)}
        </div>
        ${latestView(latest.value)}
        ${stagesView(seen)}`
    },
    close: () => {
      stop()
      work.close()
    },
  }
}

const choose = (stage: string): void => {
  keepInAddress(linkTo('flow', '', { stage: chosen.value === stage ? undefined : stage }))
}

const sentenceView = ({ bottleneck }: Flow): TemplateResult =>
  html`<p class="sentence ${toneOf(bottleneck.code)}" role="status">${sentenceOf(bottleneck)}</p>`

const legendView = (): TemplateResult =>
  html`<ul class="legend" aria-label=${t('flow.legend')}>
    <li><span class="swatch busy"></span>${t('flow.busy')}</li>
    <li><span class="swatch held"></span>${t('flow.held')}</li>
    <li><span class="swatch idle"></span>${t('flow.idle')}</li>
    <li class="faint">${t('flow.widthIsRate')}</li>
  </ul>`

function besideView({ pods, providers, tiers }: Flow): TemplateResult {
  const waiting = tiers.filter(tier => tier.waiting > 0)
  return html`<section class="card" aria-label=${t('flow.beside')}>
    <h2>${t('flow.pods')}</h2>
    ${pods.length === 0 ? html`<p class="faint">${t('flow.noPods')}</p>` : nothing}
    <ul class="plain">${pods.map(
      pod => html`<li class=${pod.isSilent ? 'bad-text' : ''}>
      <strong>${harmless(pod.name)}</strong> ${t('flow.podFigures', { tasks: count(pod.tasks), phase: harmless(named('phase', pod.phase)) })}
      <span class="faint">${t('flow.heardAgo', { time: duration(pod.heardAgoMs) })}</span></li>`,
    )}</ul>
    <h2>${t('flow.providers')}</h2>
    <ul class="plain">${providers.map(
      provider => html`<li class=${provider.breakerOpen ? 'bad-text' : ''}>
      <span class="wrap">${harmless(provider.name)}</span>
      <span class="faint">${t('flow.providerFigures', { inFlight: count(provider.inFlight), limit: count(provider.limit), waiting: count(provider.waiting) })}</span></li>`,
    )}</ul>
    <h2>${t('flow.tiers')}</h2>
    ${waiting.length === 0 ? html`<p class="faint">${t('flow.noTiers')}</p>` : nothing}
    <ul class="plain">${waiting.map(tier => html`<li>${t('flow.tier', { count: count(tier.waiting), wait: duration(tier.waitMs) })}</li>`)}</ul>
  </section>`
}

const latestView = (runs: readonly Run[] | undefined): TemplateResult | typeof nothing =>
  runs === undefined
    ? nothing
    : html`<section class="card"><h2>${t('flow.latest')} <a href="#/questions" class="aside">${t('flow.all')}</a></h2>
        ${runs.length === 0 ? html`<p class="empty">${t('questions.none')} <a href="#/ask">${t('questions.askOne')}</a></p>` : tableView(runs)}</section>`

const stagesView = ({ stages, bottleneck }: Flow): TemplateResult =>
  html`<details class="card" ?open=${chosen.value !== undefined}><summary>${t('flow.stages')}</summary><div class="scroll"><table>
    <thead><tr>
      <th scope="col">${t('column.stage')}</th><th scope="col" class="number">${t('column.in')}</th><th scope="col" class="number">${t('column.out')}</th>
      <th scope="col" class="number">${t('column.inFlight')}</th><th scope="col" class="number">${t('column.lag')}</th>
      <th scope="col" class="number">${t('column.catchUp')}</th><th scope="col" class="number">${t('column.oldest')}</th>
      <th scope="col" class="number">${t('column.shares')}</th><th scope="col" class="number">${t('column.tasks')}</th>
    </tr></thead>
    <tbody>${stages.map(stage => stageRow(stage, bottleneck.stage === stage.name))}</tbody>
  </table></div></details>`

function stageRow(stage: StageFlow, isBottleneck: boolean): TemplateResult {
  const planned = graph.value?.stages.find(({ name }) => name === stage.name)
  const share = (part: number) => `${Math.round(part * 100)}`
  return html`<tr class="${chosen.value === stage.name ? 'chosen' : ''} ${isBottleneck ? 'bottleneck' : ''}">
    <th scope="row">${stage.name}${planned && planned.operators.length > 1 ? html` <span class="faint">${planned.operators.join(' → ')}</span>` : nothing}</th>
    <td class="number">${rate(stage.in)}</td><td class="number">${rate(stage.out)}</td>
    <td class="number">${count(stage.inFlight)}${stage.limit > 0 ? html` <span class="faint">/ ${count(stage.limit)}</span>` : nothing}</td>
    <td class="number">${count(stage.lag)}</td>
    <td class="number">${stage.catchUpS === null ? '–' : duration(stage.catchUpS * 1_000)}</td>
    <td class="number">${stage.oldestMs > 0 ? duration(stage.oldestMs) : '–'}</td>
    <td class="number">${share(stage.busy)} / ${share(stage.held)} / ${share(stage.idle)} %</td>
    <td class="number">${count(stage.tasks)}${stage.blocked > 0 ? html` <span class="bad-text">${t('flow.blocked', { count: count(stage.blocked) })}</span>` : nothing}</td>
  </tr>`
}
