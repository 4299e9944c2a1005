/** Logging in by a key: alone on the page at first, and above what is shown when a session has ended. */
import { signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { live } from 'lit-html/directives/live.js'
import type { Refusal } from '../api.ts'
import { t } from '../language.ts'
import { logIn, logOut, reader } from '../reader.ts'
import { harmless } from '../shown.ts'
import { textIn } from './inputs.ts'
import { refusalBox } from './states.ts'

const key = signal('')
const isSending = signal(false)
const refusal = signal<Refusal | undefined>(undefined)
const isMalformed = signal(false)

/** Headers carry nothing else. */
const SENDABLE = /^[\x21-\x7e]+$/

export function loginView(): TemplateResult {
  const isFirst = reader.value === undefined
  return html`<form class="card login" aria-label=${t('login.title')} @submit=${submit}>
    ${isFirst ? html`<h1>${t('login.title')}</h1>` : html`<h2>${t('login.title')}</h2>`}
    <p>${isFirst ? t('login.what') : t('login.ended')}</p>
    <label>${t('login.key')}<input type="password" required autocomplete="current-password" .value=${live(key.value)} @input=${type} /></label>
    <p class="buttons"><button class="primary" ?disabled=${isSending.value}>${t('login.submit')}</button></p>
    ${faultView()}
  </form>`
}

function faultView(): TemplateResult | typeof nothing {
  const said = isMalformed.value
    ? t('login.malformed')
    : refusal.value?.code === 'unauthenticated'
      ? t('login.wrong')
      : undefined
  if (said !== undefined) return html`<p class="notice bad" role="alert">${said}</p>`
  return refusal.value ? refusalBox(refusal.value) : nothing
}

function type(event: Event): void {
  key.value = textIn(event)
}

async function submit(event: Event): Promise<void> {
  event.preventDefault()
  const text = key.peek().trim()
  isMalformed.value = !SENDABLE.test(text)
  refusal.value = undefined
  if (isMalformed.peek()) return
  isSending.value = true
  refusal.value = await logIn(text)
  isSending.value = false
  if (!refusal.peek()) key.value = ''
}

const outRefusal = signal<Refusal | undefined>(undefined)

/** Who has logged in, and the way out; nothing without keys. */
export function readerView(): TemplateResult | typeof nothing {
  const { session, key: name, organization } = reader.value ?? {}
  if (session === undefined) return nothing
  return html`<span class="faint reader"><bdi>${harmless(organization ?? '')}</bdi> · <bdi>${harmless(name ?? '')}</bdi></span>
    <button @click=${() => leave(session)} title=${outRefusal.value?.title ?? ''}>${t('login.out')}</button>`
}

async function leave(session: string): Promise<void> {
  outRefusal.value = await logOut(session)
}
