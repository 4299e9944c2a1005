/** State: what an operator has stored under a key, as of the last commit. */
import { effect, signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { stateAddress } from '../addresses.ts'
import { ask, Refusal } from '../api.ts'
import { graph } from '../flow-state.ts'
import { count } from '../format.ts'
import { named, t } from '../language.ts'
import { factsView, headersView, valueView } from '../parts/record.ts'
import { loading, refusalBox } from '../parts/states.ts'
import { linkTo, place } from '../place.ts'
import type { StateEntry } from '../shapes.ts'
import { harmless } from '../shown.ts'
import type { Page } from './page.ts'

interface Stored {
  readonly operator: string
  readonly key: string
  readonly entries: readonly StateEntry[]
}

/** Nothing was asked for; it is on its way; it is there, or refused. */
type Seen = 'unasked' | 'asked' | Stored | Refusal

export function statePage(): Page {
  const seen = signal<Seen>('unasked')
  let round = 0
  const look = async () => {
    const own = ++round
    const { operator, key } = place.value.query
    if (!operator || !key) {
      seen.value = 'unasked'
      return
    }
    seen.value = 'asked'
    const answer = await ask<Stored>(stateAddress(operator, key))
    if (own === round) seen.value = answer
  }
  const stop = effect(() => void look())
  return {
    view: () => html`<h1>${t('stored.title')}</h1><p class="faint">${t('stored.text')}</p>
      ${formView(() => void look())}${seenView(seen.value)}`,
    close: () => {
      round += 1
      stop()
    },
  }
}

/** Asked for again, the same address is looked at again. */
function formView(again: () => void): TemplateResult {
  const { query } = place.value
  const operators = graph.value?.stages.flatMap(stage => stage.operators) ?? []
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (!(event.target instanceof HTMLFormElement)) return
    const given = new FormData(event.target)
    const [operator, key] = [String(given.get('operator') ?? ''), String(given.get('key') ?? '')]
    const link = linkTo('state', '', { operator, key })
    if (link === location.hash) again()
    else location.hash = link
  }
  return html`<form class="filters" role="search" aria-label=${t('stored.look')} @submit=${submit}>
    <label>${t('stored.operator')}<select name="operator">
      ${operators.map(operator => html`<option value=${operator} ?selected=${query.operator === operator}>${operator}</option>`)}
    </select></label>
    <label class="wide">${t('stored.key')}<input name="key" autocomplete="off" .value=${query.key ?? ''} /></label>
    <button type="submit">${t('stored.go')}</button>
  </form>`
}

function seenView(seen: Seen): TemplateResult | typeof nothing {
  if (seen === 'unasked') return nothing
  if (seen === 'asked') return loading()
  if (seen instanceof Refusal) return refusalBox(seen)
  const { operator, key, entries } = seen
  if (entries.length === 0)
    return html`<p class="empty wrap" role="status">${t('stored.none', { operator: harmless(operator), key: harmless(key) })}</p>`
  return html`<p class="faint" role="status">${t('stored.found', { count: count(entries.length) })}</p>
    ${entries.map(entryView)}`
}

function entryView({ kind, state, name, expired, record }: StateEntry): TemplateResult {
  return html`<article class="card">
    <h2 class="wrap"><bdi>${harmless(state)}</bdi>${name === undefined ? nothing : html` [<bdi>${harmless(name)}</bdi>]`}
      <span class="faint">${named('storedKind', kind)}</span></h2>
    ${expired ? html`<p class="notice warn">${t('stored.expired')}</p>` : nothing}
    ${valueView(record, undefined)}${factsView(record)}${headersView(record)}
  </article>`
}
