/** One record of a topic: its place and key in a line, and all of it behind that. */
import { html, nothing, type TemplateResult } from 'lit-html'
import { count, wholeTime } from '../format.ts'
import { t } from '../language.ts'
import type { TopicRecord } from '../shapes.ts'
import { cutAt, harmless } from '../shown.ts'
import { textOf } from './text.ts'

const LINE_CHARACTERS = 160

/** `showWhole` reads a long value again, whole. */
export function recordView(record: TopicRecord, showWhole: () => void): TemplateResult {
  const { partition, offset, at } = record
  return html`<li><details class="record" aria-label=${t('record.label', { offset, partition })}>
    <summary><span class="number">${partition}:${offset}</span>
      ${at === '' ? nothing : html`<time datetime=${at} class="faint">${wholeTime(at)}</time>`}
      <strong class="wrap">${keyOf(record)}</strong> <span class="wrap faint">${lineOf(record)}</span></summary>
    ${factsView(record)}
    ${valueView(record, showWhole)}
    ${headersView(record)}
  </details></li>`
}

const keyOf = ({ key }: TopicRecord): TemplateResult =>
  key === null
    ? html`<span class="faint">${t('record.noKey')}</span>`
    : html`<bdi>${harmless(cutAt(String(key), LINE_CHARACTERS).text)}</bdi>`

function lineOf({ form, value, text, hex, unread }: TopicRecord): string {
  if (form === 'tombstone') return t('record.tombstone')
  const line = text ?? (value === undefined ? (unread ?? hex ?? '') : JSON.stringify(value))
  const { text: shown, more } = cutAt(line, LINE_CHARACTERS)
  return harmless(shown) + (more > 0 ? '…' : '')
}

/** Time, size, schema and key of a record. */
export const factsView = ({ at, size, form, schema, key }: TopicRecord): TemplateResult =>
  html`<dl class="facts">
    ${key === null ? nothing : html`<div><dt>${t('topics.key')}</dt><dd><bdi>${harmless(String(key))}</bdi></dd></div>`}
    <div><dt>${t('record.at')}</dt><dd>${at === '' ? '–' : html`<time datetime=${at}>${at}</time>`}</dd></div>
    <div><dt>${t('record.size')}</dt><dd>${t('record.bytes', { count: count(size) })}</dd></div>
    <div><dt>${t('record.form')}</dt><dd>${form}</dd></div>
    ${schema ? html`<div><dt>${t('record.schema')}</dt><dd>${harmless(schema.name)} · ${schema.id}</dd></div>` : nothing}
  </dl>`

/** Nothing shows it whole where `showWhole` is left out. */
export function valueView(
  record: TopicRecord,
  showWhole: (() => void) | undefined,
): TemplateResult | typeof nothing {
  const { form, value, text, hex, unread, left_out: leftOut, partition, offset } = record
  if (form === 'tombstone') return html`<p class="notice">${t('record.tombstone')}</p>`
  const name = `record ${partition} ${offset} ${leftOut}`
  return html`<h3>${t('record.value')}</h3>
    ${unread === undefined ? nothing : html`<p class="notice warn wrap">${t('record.unread')} ${harmless(unread)}</p>`}
    ${hex === undefined ? nothing : html`<p class="faint">${t('record.hex')}</p>${textOf(hex, name)}`}
    ${text === undefined ? nothing : textOf(text, name)}
    ${value === undefined ? nothing : textOf(typeof value === 'string' ? value : JSON.stringify(value, undefined, 2), name)}
    ${
      leftOut === undefined
        ? nothing
        : html`<p class="faint">${t('record.leftOut', { count: count(leftOut) })}
            ${showWhole ? html`<button class="link" @click=${showWhole}>${t('record.whole')}</button>` : nothing}</p>`
    }`
}

export const headersView = ({ headers }: TopicRecord): TemplateResult | typeof nothing =>
  headers.length === 0
    ? nothing
    : html`<h3>${t('record.headers')}</h3>
        <dl class="facts">${headers.map(({ name, value }) => html`<div><dt>${harmless(name)}</dt><dd><bdi>${harmless(value)}</bdi></dd></div>`)}</dl>`
