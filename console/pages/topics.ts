/** Topics: those of the application, and the records of one, looked for by place, key and condition. */
import { signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { ask, Refusal } from '../api.ts'
import { repeatedly } from '../clock.ts'
import { count, duration } from '../format.ts'
import { named, t } from '../language.ts'
import { isTicked } from '../parts/inputs.ts'
import { recordView } from '../parts/record.ts'
import { loading, refusalBox } from '../parts/states.ts'
import { linkTo, place } from '../place.ts'
import type { Topic } from '../shapes.ts'
import { harmless } from '../shown.ts'
import { LIVE_RECORDS, type Looked, TopicLook } from '../topic-look.ts'
import type { Page } from './page.ts'

const EVERY_MS = 5_000

type Listed = { readonly topics: readonly Topic[] } | Refusal

export function topicsPage(): Page {
  const { id: name } = place.value
  const listed = signal<Listed | undefined>(undefined)
  const stop = repeatedly(EVERY_MS, async () => {
    listed.value = await ask<{ readonly topics: readonly Topic[] }>('/topics')
  })
  const look = name === '' ? undefined : new TopicLook(name)
  return {
    view: () =>
      look
        ? html`<h1 class="wrap"><bdi>${harmless(name)}</bdi></h1><p><a href="#/topics">${t('topics.all')}</a></p>
            ${topicView(listed.value, name)}${formView(name, look.again)}${lookView(look)}`
        : html`<h1>${t('topics.title')}</h1><p class="faint">${t('topics.readOnly')}</p>${listView(listed.value)}`,
    close: () => {
      stop()
      look?.close()
    },
  }
}

function listView(listed: Listed | undefined): TemplateResult {
  if (listed === undefined) return loading()
  if (listed instanceof Refusal) return refusalBox(listed)
  const { key } = place.value.query
  return html`${key === undefined ? nothing : html`<p class="notice wrap">${t('topics.chooseFor', { key: harmless(key) })}</p>`}
    <div class="scroll"><table class="runs">
    <thead><tr><th scope="col">${t('topics.topic')}</th><th scope="col">${t('topics.kind')}</th>
      <th scope="col" class="number">${t('topics.partitions')}</th><th scope="col" class="number">${t('topics.offsets')}</th>
      <th scope="col">${t('topics.readers')}</th></tr></thead>
    <tbody>${repeat(
      listed.topics,
      ({ topic }) => topic,
      ({ topic, kind, partitions, offsets_max: offsets, readers }) => html`<tr>
        <th scope="row"><a href=${linkTo('topics', topic, { key })}>${harmless(topic)}</a></th><td>${harmless(named('topicKind', kind))}</td>
        <td class="number">${count(partitions.length)}</td><td class="number">${count(offsets)}</td>
        <td>${readersOf(readers)}</td></tr>`,
    )}</tbody></table></div>`
}

const readersOf = (readers: Topic['readers']): string =>
  readers.map(({ stage, lag }) => t('topics.reader', { stage: harmless(stage), lag: count(lag) })).join(', ')

/** Where its partitions begin and end. */
function topicView(listed: Listed | undefined, name: string): TemplateResult | typeof nothing {
  const topic = listed instanceof Refusal ? undefined : listed?.topics.find(({ topic }) => topic === name)
  if (!topic) return nothing
  return html`<dl class="facts">
    <div><dt>${t('topics.kind')}</dt><dd>${harmless(named('topicKind', topic.kind))}${topic.compacted ? html`, ${t('topics.compacted')}` : nothing}${
      topic.retention_ms === undefined
        ? nothing
        : html`, ${t('topics.retention', { time: duration(topic.retention_ms) })}`
    }</dd></div>
    ${topic.partitions.map(({ partition, first, next }) => html`<div><dt>${t('topics.partition')} ${partition}</dt><dd>${count(first)} – ${count(next)}</dd></div>`)}
    ${topic.readers.length === 0 ? nothing : html`<div><dt>${t('topics.readers')}</dt><dd>${readersOf(topic.readers)}</dd></div>`}
  </dl>`
}

const FIELDS = ['partition', 'from', 'key', 'filter'] as const

/** Asked for again, the same address is looked at again. */
function formView(name: string, again: () => void): TemplateResult {
  const { query } = place.value
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (!(event.target instanceof HTMLFormElement)) return
    const given = new FormData(event.target)
    const asked = FIELDS.map(field => [field, String(given.get(field) ?? '') || undefined] as const)
    const link = linkTo('topics', name, Object.fromEntries(asked))
    if (link === location.hash) again()
    else location.hash = link
  }
  const field = (of: (typeof FIELDS)[number], label: string, hint: string, size = '') =>
    html`<label class=${size}>${label}<input name=${of} placeholder=${hint} title=${hint} autocomplete="off" .value=${query[of] ?? ''} /></label>`
  const live = (event: Event) => {
    location.hash = linkTo('topics', name, isTicked(event) ? { live: 'true' } : {})
  }
  return html`<form class="filters" role="search" aria-label=${t('topics.look')} @submit=${submit}>
    ${field('partition', t('topics.partition'), t('topics.anyPartition'))} ${field('from', t('topics.from'), t('topics.fromHint'))}
    ${field('key', t('topics.key'), '', 'wide')} ${field('filter', t('topics.filter'), t('topics.filterHint'), 'wide')}
    <button type="submit">${t('topics.go')}</button>
    <label class="check"><input type="checkbox" .checked=${query.live === 'true'} @change=${live} /> ${t('topics.live')}</label>
  </form>`
}

function lookView({ looked: { value: looked }, isLive, goOn, showWhole }: TopicLook): TemplateResult {
  const { records, gaps, refusal, done } = looked
  const next = done?.next
  return html`<p class="faint" role="status">${isLive.value ? t('topics.liveNote', { count: LIVE_RECORDS }) : sentenceOf(looked)}</p>
    ${gaps.map(({ partition, first, next: to }) => html`<p class="notice warn">${t('topics.gap', { partition, first: count(first), next: count(to) })}</p>`)}
    <ul class="records">${repeat(
      records,
      ({ partition, offset }) => `${partition}:${offset}`,
      record => recordView(record, () => void showWhole(record)),
    )}</ul>
    ${refusal ? html`<p>${t('topics.broken')}</p>${refusalBox(refusal)}` : nothing}
    ${next === undefined || isLive.value ? nothing : html`<button @click=${() => goOn(next)}>${t('topics.goOn')}</button>`}`
}

/** What was not looked at is never said to be absent. */
function sentenceOf({ records, lookedAt, done, refusal }: Looked): string {
  const values = { found: count(records.length), looked: count(lookedAt) }
  if (!done) return refusal ? '' : t('topics.looking', values)
  if (done.ended_by === 'end' && lookedAt === 0) return t('topics.empty')
  return t(`lookEnd.${done.ended_by}`, values)
}
