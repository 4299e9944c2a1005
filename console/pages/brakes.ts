/** Brakes: what may not be called now; setting one and letting go again, each confirmed by typing what it is on. */
import { signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { Refusal, send } from '../api.ts'
import { brakes, brakesRefusal, lookAtBrakes } from '../brakes-state.ts'
import { now } from '../clock.ts'
import { duration, wholeTime } from '../format.ts'
import { t, type Word } from '../language.ts'
import { mayOperate, whyReadOnly } from '../mode.ts'
import { textIn } from '../parts/inputs.ts'
import { loading, refusalBox } from '../parts/states.ts'
import { SCOPE_KINDS, type ScopeKind, scopeText, scopeWords } from '../scopes.ts'
import type { Brake } from '../shapes.ts'
import { harmless } from '../shown.ts'
import type { Page } from './page.ts'

const ENDS: readonly (readonly [ms: number, word: Word])[] = [
  [0, 'brakes.never'],
  [900_000, 'brakes.in15min'],
  [3_600_000, 'brakes.in1h'],
  [28_800_000, 'brakes.in8h'],
  [86_400_000, 'brakes.in1d'],
]

/** What is typed. It stays until it was done, whatever the gateway answers. */
class Form {
  readonly kind = signal<ScopeKind>('everything')
  readonly name = signal('')
  readonly reason = signal('')
  readonly endMs = signal(0)
  readonly typed = signal('')
  /** The scope whose release is being confirmed. */
  readonly releasing = signal<string | undefined>(undefined)
  readonly isSending = signal(false)
  readonly refusal = signal<Refusal | undefined>(undefined)
  readonly done = signal<string | undefined>(undefined)

  get scope(): string {
    return scopeText(this.kind.value, this.name.value.trim())
  }

  /** Typed again, and given a reason. */
  isConfirmed(scope: string): boolean {
    return this.typed.value.trim() === scope && this.reason.value.trim() !== '' && !this.isSending.value
  }

  begin(scope: string | undefined): void {
    this.releasing.value = scope
    this.typed.value = ''
    this.reason.value = ''
    this.refusal.value = undefined
    this.done.value = undefined
  }

  async set(): Promise<void> {
    const { scope } = this
    const end = this.endMs.value
    const until = end === 0 ? {} : { until: new Date(now.peek() + end).toISOString() }
    await this.#send('PUT', scope, { reason: this.reason.value.trim(), ...until }, 'brakes.wasSet')
  }

  async release(scope: string): Promise<void> {
    await this.#send('DELETE', scope, { reason: this.reason.value.trim() }, 'brakes.wasReleased')
  }

  async #send(method: 'PUT' | 'DELETE', scope: string, body: object, done: Word): Promise<void> {
    this.isSending.value = true
    const answer = await send(method, `/brakes/${encodeURIComponent(scope)}`, body)
    this.isSending.value = false
    if (answer instanceof Refusal) {
      this.refusal.value = answer
      return
    }
    this.begin(undefined)
    this.done.value = t(done, { scope: scopeWords(scope) })
    await lookAtBrakes()
  }
}

export function brakesPage(): Page {
  const form = new Form()
  return {
    view: () => html`<h1>${t('brakes.title')}</h1>
      <p class="faint">${t('brakes.what')}</p>
      ${form.done.value === undefined ? nothing : html`<p class="notice" role="status">${form.done.value}</p>`}
      <section class="card" aria-label=${t('brakes.now')}><h2>${t('brakes.now')}</h2>${listView(form)}</section>
      ${mayOperate() ? setView(form) : html`<p class="notice">${t(whyReadOnly())}</p>`}`,
  }
}

function listView(form: Form): TemplateResult {
  const all = brakes.value
  if (all === undefined) return brakesRefusal.value ? refusalBox(brakesRefusal.value) : loading()
  return html`${brakesRefusal.value ? refusalBox(brakesRefusal.value) : nothing}
    ${
      all.length === 0
        ? html`<p class="empty">${t('brakes.none')}</p>`
        : html`<ul class="plain">${repeat(
            all,
            ({ scope }) => scope,
            brake => brakeView(brake, form),
          )}</ul>`
    }`
}

function brakeView({ scope, reason, who, since, until, fault }: Brake, form: Form): TemplateResult {
  const isOpen = form.releasing.value === scope
  return html`<li class="brake">
    <p><strong class="wrap"><bdi>${scopeWords(scope)}</bdi></strong> <code class="wrap">${harmless(scope)}</code></p>
    ${reason === undefined ? nothing : html`<p class="text" dir="auto">${harmless(reason)}</p>`}
    <p class="faint">${who === undefined ? nothing : t('brakes.setBy', { who: harmless(who) })}
      ${since === undefined ? nothing : html`<time datetime=${since} title=${wholeTime(since)}>${t('brakes.since', { time: duration(Math.max(0, now.value - Date.parse(since))) })}</time>`}
      ${until === undefined ? nothing : html`· ${t('brakes.ends', { time: wholeTime(until) })}`}</p>
    ${fault === undefined ? nothing : html`<p class="notice warn">${t('brakes.fault')} ${harmless(fault)}</p>`}
    ${
      mayOperate()
        ? html`<button aria-expanded=${isOpen} @click=${() => form.begin(isOpen ? undefined : scope)}>${t('brakes.release')}</button>`
        : nothing
    }
    ${isOpen ? confirmView(form, scope, () => void form.release(scope), 'brakes.releaseNow') : nothing}
  </li>`
}

function setView(form: Form): TemplateResult {
  const pick = (event: Event) => {
    const kind = SCOPE_KINDS.find(each => each === textIn(event))
    if (kind) form.kind.value = kind
  }
  return html`<section class="card" aria-label=${t('brakes.new')}><h2>${t('brakes.new')}</h2>
    <div class="filters">
      <label>${t('brakes.scope')}<select @change=${pick}>
        ${SCOPE_KINDS.map(kind => html`<option value=${kind} ?selected=${form.kind.value === kind}>${t(`scope.${kind}`)}</option>`)}
      </select></label>
      ${form.kind.value === 'everything' ? nothing : html`<label class="wide">${t('brakes.name')}<input type="text" maxlength="200" autocomplete="off" .value=${form.name.value} @input=${into(form.name)} /></label>`}
      <label>${t('brakes.end')}<select @change=${(event: Event) => {
        form.endMs.value = Number(textIn(event))
      }}>
        ${ENDS.map(([ms, word]) => html`<option value=${ms} ?selected=${form.endMs.value === ms}>${t(word)}</option>`)}
      </select></label>
    </div>
    ${form.releasing.value === undefined ? confirmView(form, form.scope, () => void form.set(), 'brakes.setNow') : html`<button @click=${() => form.begin(undefined)}>${t('brakes.goOnSetting')}</button>`}
  </section>`
}

const into =
  (field: Form['name']) =>
  (event: Event): void => {
    field.value = textIn(event)
  }

function confirmView(form: Form, scope: string, act: () => void, word: Word): TemplateResult {
  const submit = (event: Event) => {
    event.preventDefault()
    if (form.isConfirmed(scope)) act()
  }
  return html`<form @submit=${submit}>
    <label>${t('brakes.reason')}<input type="text" maxlength="500" autocomplete="off" .value=${form.reason.value} @input=${into(form.reason)} /></label>
    <label>${t('brakes.type')} <code class="wrap">${harmless(scope)}</code>
      <input type="text" autocomplete="off" autocapitalize="off" spellcheck="false" .value=${form.typed.value} @input=${into(form.typed)} /></label>
    ${form.refusal.value ? refusalBox(form.refusal.value) : nothing}
    <button class="danger" type="submit" ?disabled=${!form.isConfirmed(scope)}>${t(word)}</button>
  </form>`
}
