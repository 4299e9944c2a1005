/** Failures: what failed for good, by cause; each cause whole, and sent again after a look at what that means. */
import { signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { ask, Refusal, send } from '../api.ts'
import { now, repeatedly } from '../clock.ts'
import { count, duration, usd, wholeTime } from '../format.ts'
import { named, t } from '../language.ts'
import { mayOperate, whyReadOnly } from '../mode.ts'
import { failureView } from '../parts/failure.ts'
import { textIn } from '../parts/inputs.ts'
import { loading, refusalBox } from '../parts/states.ts'
import { linkTo, place } from '../place.ts'
import type { FailureGroup, Replay, ShownFailure } from '../shapes.ts'
import { harmless } from '../shown.ts'
import type { Page } from './page.ts'

const EVERY_MS = 3_000
const RATES = [1, 10, 50, 200, 1_000]

interface Listed {
  readonly groups: readonly FailureGroup[]
  readonly total: number
  readonly left_out: number
}

interface Opened {
  readonly group: FailureGroup
  readonly failures: readonly ShownFailure[]
}

interface Preview {
  readonly token: string
  readonly count: number
  readonly left_out: number
  readonly topics: readonly { readonly topic: string; readonly count: number }[]
  readonly estimate_usd: number
  readonly unestimated: number
}

class Failures {
  readonly listed = signal<Listed | undefined>(undefined)
  readonly refusal = signal<Refusal | undefined>(undefined)
  readonly opened = signal<Opened | Refusal | undefined>(undefined)
  readonly replays = signal<readonly Replay[]>([])
  readonly chosen = signal<ReadonlySet<string>>(new Set())
  readonly preview = signal<Preview | Refusal | undefined>(undefined)
  readonly started = signal<Refusal | undefined>(undefined)
  readonly perSecond = signal(50)
  readonly reason = signal('')
  readonly isSending = signal(false)
  readonly #stop: () => void

  constructor(group: string) {
    this.#stop = repeatedly(EVERY_MS, async () => {
      await Promise.all([this.#look(), this.#lookAtReplays(), group === '' ? undefined : this.#open(group)])
    })
  }

  close(): void {
    this.#stop()
  }

  toggle(group: string): void {
    const chosen = new Set(this.chosen.value)
    if (!chosen.delete(group)) chosen.add(group)
    this.chosen.value = chosen
    this.preview.value = undefined
  }

  async look(select: {
    readonly groups?: readonly string[]
    readonly ids?: readonly string[]
  }): Promise<void> {
    this.started.value = undefined
    this.preview.value = await send<Preview>('POST', '/failures/previews', select)
  }

  async start(token: string): Promise<void> {
    this.isSending.value = true
    const order = { token, per_second: this.perSecond.value, reason: this.reason.value.trim() }
    const answer = await send<Replay>('POST', '/failures/replays', order)
    this.isSending.value = false
    this.started.value = answer instanceof Refusal ? answer : undefined
    if (answer instanceof Refusal) return
    this.preview.value = undefined
    this.chosen.value = new Set()
    this.reason.value = ''
    await this.#lookAtReplays()
  }

  async stopReplay(id: string): Promise<void> {
    await send('DELETE', `/failures/replays/${encodeURIComponent(id)}`, {})
    await this.#lookAtReplays()
  }

  async #look(): Promise<void> {
    const answer = await ask<Listed>('/failures')
    this.refusal.value = answer instanceof Refusal ? answer : undefined
    if (!(answer instanceof Refusal)) this.listed.value = answer
  }

  async #open(group: string): Promise<void> {
    const answer = await ask<Opened>(`/failures/${encodeURIComponent(group)}`)
    if (JSON.stringify(answer) !== JSON.stringify(this.opened.peek())) this.opened.value = answer
  }

  async #lookAtReplays(): Promise<void> {
    const answer = await ask<{ readonly replays: readonly Replay[] }>('/failures/replays')
    if (!(answer instanceof Refusal)) this.replays.value = answer.replays
  }
}

export function failuresPage(): Page {
  const group = place.value.id
  const failures = new Failures(group)
  return {
    view: () => html`<h1>${t('failures.title')}</h1>
      ${failures.refusal.value ? refusalBox(failures.refusal.value) : nothing}
      ${replaysView(failures)}
      ${group === '' ? listView(failures) : groupView(failures, group)}`,
    close: () => failures.close(),
  }
}

function listView(failures: Failures): TemplateResult | typeof nothing {
  const listed = failures.listed.value
  if (!listed) return failures.refusal.value ? nothing : loading()
  if (listed.groups.length === 0) return html`<p class="empty">${t('failures.none')}</p>`
  const groups = [...failures.chosen.value]
  return html`<p class="faint" role="status">${t('failures.total', { count: count(listed.total), groups: count(listed.groups.length) })}
      ${listed.left_out > 0 ? t('failures.leftOut', { count: count(listed.left_out) }) : nothing}</p>
    <div class="scroll"><table class="runs">
      <thead><tr>${mayOperate() ? html`<td></td>` : nothing}<th scope="col">${t('failures.what')}</th><th scope="col">${t('failures.where')}</th>
        <th scope="col">${t('failures.code')}</th><th scope="col" class="number">${t('failures.count')}</th>
        <th scope="col" class="number">${t('failures.lately')}</th><th scope="col" class="number">${t('failures.last')}</th></tr></thead>
      <tbody>${repeat(
        listed.groups,
        each => each.group,
        each => rowView(each, failures),
      )}</tbody>
    </table></div>
    ${mayOperate() ? html`<p class="buttons"><button ?disabled=${groups.length === 0} @click=${() => failures.look({ groups })}>${t('failures.preview')}</button></p>` : html`<p class="notice">${t(whyReadOnly())}</p>`}
    ${previewView(failures)}`
}

function rowView(each: FailureGroup, failures: Failures): TemplateResult {
  const likeness = harmless(each.likeness) || t('failures.noMessage')
  return html`<tr>
    ${mayOperate() ? html`<td><input type="checkbox" aria-label=${t('failures.choose', { what: likeness })} ?disabled=${!each.can_replay} .checked=${failures.chosen.value.has(each.group)} @change=${() => failures.toggle(each.group)} /></td>` : nothing}
    <td class="wrap"><a href=${linkTo('failures', each.group)} dir="auto">${likeness}</a> <span class="faint">${named('failureKind', each.kind)}</span></td>
    <td>${harmless(each.node)}</td>
    <td>${harmless(each.code)}</td>
    <td class="number">${count(each.count)}</td>
    <td class="number">${count(each.lately)}</td>
    <td class="number"><time datetime=${each.last_at} title=${wholeTime(each.last_at)}>${ago(each.last_at)}</time></td>
  </tr>`
}

const ago = (time: string): string => duration(Math.max(0, now.value - Date.parse(time)))

function groupView(failures: Failures, group: string): TemplateResult {
  const opened = failures.opened.value
  const back = html`<p><a href="#/failures">${t('failures.all')}</a></p>`
  if (opened === undefined) return html`${back}${loading()}`
  if (opened instanceof Refusal) return html`${back}${refusalBox(opened)}`
  const { group: about, failures: shown } = opened
  return html`${back}
    <section class="card"><h2 class="wrap" dir="auto">${harmless(about.likeness)}</h2>
      <p class="faint">${harmless(about.node)} · ${harmless(about.code)} · ${t('failures.count')}: ${count(about.count)} ·
        ${t('failures.first')} <time datetime=${about.first_at} title=${wholeTime(about.first_at)}>${ago(about.first_at)}</time> ·
        ${t('failures.last')} <time datetime=${about.last_at} title=${wholeTime(about.last_at)}>${ago(about.last_at)}</time></p>
      ${about.can_replay ? nothing : html`<p class="notice">${t('failures.cannot')} ${about.replay_refused ?? ''}</p>`}
      ${mayOperate() && about.can_replay ? html`<p class="buttons"><button @click=${() => failures.look({ groups: [group] })}>${t('failures.previewGroup')}</button></p>` : nothing}
      ${previewView(failures)}
    </section>
    <p class="faint">${t('failures.newest', { count: count(shown.length) })}</p>
    ${repeat(
      shown,
      ({ id, failed_at: at }) => `${id} ${at}`,
      each =>
        failureView(
          each,
          mayOperate() && about.can_replay ? () => void failures.look({ ids: [each.id] }) : undefined,
        ),
    )}`
}

function previewView(failures: Failures): TemplateResult | typeof nothing {
  const preview = failures.preview.value
  if (preview === undefined) return nothing
  if (preview instanceof Refusal) return refusalBox(preview)
  const start = (event: Event) => {
    event.preventDefault()
    if (failures.reason.value.trim() !== '') void failures.start(preview.token)
  }
  return html`<form class="card" aria-label=${t('failures.replay')} @submit=${start}>
    <h2>${t('failures.replay')}</h2>
    <p role="status">${t('failures.would', { count: count(preview.count) })}
      ${preview.topics.map(({ topic, count: many }) => html`<br />${count(many)} → <code>${harmless(topic)}</code>`)}</p>
    ${preview.left_out > 0 ? html`<p>${t('failures.wouldNot', { count: count(preview.left_out) })}</p>` : nothing}
    <p>${preview.unestimated < preview.count ? t('failures.estimate', { usd: usd(preview.estimate_usd) }) : nothing}
      ${preview.unestimated > 0 ? t('failures.unestimated', { count: count(preview.unestimated) }) : nothing}</p>
    <p class="faint">${t('failures.identity')}</p>
    <div class="filters">
      <label>${t('failures.rate')}<select @change=${(event: Event) => {
        failures.perSecond.value = Number(textIn(event))
      }}>${RATES.map(each => html`<option value=${each} ?selected=${failures.perSecond.value === each}>${count(each)}</option>`)}</select></label>
      <label class="wide">${t('failures.reason')}<input type="text" maxlength="500" autocomplete="off" .value=${failures.reason.value} @input=${(
        event: Event,
      ) => {
        failures.reason.value = textIn(event)
      }} /></label>
    </div>
    ${failures.started.value ? refusalBox(failures.started.value) : nothing}
    <button class="primary" type="submit" ?disabled=${preview.count === 0 || failures.reason.value.trim() === '' || failures.isSending.value}>${t('failures.send', { count: count(preview.count) })}</button>
  </form>`
}

function replaysView(failures: Failures): TemplateResult | typeof nothing {
  const all = failures.replays.value
  if (all.length === 0) return nothing
  return html`<section class="card" aria-label=${t('failures.replays')}><h2>${t('failures.replays')}</h2>
    <ul class="plain">${repeat(
      all,
      ({ id }) => id,
      each => html`<li>
        <progress max=${each.total} value=${each.sent} aria-label=${t('failures.progress', { sent: count(each.sent), total: count(each.total) })}></progress>
        <span role="status">${t('failures.progress', { sent: count(each.sent), total: count(each.total) })} · ${named('replay', each.state)}</span>
        <time class="faint" datetime=${each.started_at} title=${wholeTime(each.started_at)}>${ago(each.started_at)}</time>
        ${each.reason === undefined ? nothing : html`<span class="bad-text wrap">${harmless(each.reason)}</span>`}
        ${each.state === 'running' && mayOperate() ? html`<button @click=${() => failures.stopReplay(each.id)}>${t('failures.stop')}</button>` : nothing}
      </li>`,
    )}</ul></section>`
}
