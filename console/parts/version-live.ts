/** A version made live: the difference to the one that is, a reason, and the task type typed in. */
import { signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { Refusal, send } from '../api.ts'
import { t } from '../language.ts'
import { mayOperate } from '../mode.ts'
import type { Comparison, Version, VersionText } from '../shapes.ts'
import { harmless } from '../shown.ts'
import type { Compared } from '../versions.ts'
import { textIn } from './inputs.ts'
import { refusalBox } from './states.ts'
import { differenceView } from './version-pairs.ts'

interface Change {
  /** The version that is to be live. */
  readonly to: Version
  readonly live: string
  readonly before: VersionText
  readonly after: VersionText
}

/** What is typed. It stays until it was done, whatever the gateway answers. */
export class LiveForm {
  readonly reason = signal('')
  readonly typed = signal('')
  readonly isSending = signal(false)
  readonly refusal = signal<Refusal | undefined>(undefined)
  readonly done = signal<string | undefined>(undefined)

  isConfirmed({ to }: Change): boolean {
    const { reason, typed, isSending } = this
    return typed.value.trim() === to.task_type && reason.value.trim() !== '' && !isSending.value
  }

  async send({ to, live }: Change, after: () => void): Promise<void> {
    this.isSending.value = true
    const { task_type, prompt_version: version } = to
    const order = { task_type, version, instead_of: live, reason: this.reason.value.trim() }
    const answer = await send<{ readonly version: string }>('PUT', '/versions/live', order)
    this.isSending.value = false
    this.refusal.value = answer instanceof Refusal ? answer : undefined
    if (answer instanceof Refusal) return
    this.reason.value = ''
    this.typed.value = ''
    this.done.value = t('versions.wasMade', { version: answer.version, of: version })
    after()
  }
}

/** Offered for the one of two that is known and not live, where the other one is. */
export function liveView(
  form: LiveForm,
  { texts }: Comparison,
  compared: Compared,
  after: () => void,
): TemplateResult {
  const live = texts?.live
  const change = texts && live !== undefined ? changeTo(live, texts, compared) : undefined
  return html`${live === undefined ? nothing : html`<p>${t('versions.liveNow', { version: harmless(live) })}</p>`}
    ${form.done.value === undefined ? nothing : html`<p class="notice" role="status">${harmless(form.done.value)}</p>`}
    ${change && mayOperate() ? formView(form, change, after) : nothing}`
}

function changeTo(
  live: string,
  texts: NonNullable<Comparison['texts']>,
  { a, b }: Compared,
): Change | undefined {
  if (!texts.a.known || !texts.b.known || a.prompt_version === b.prompt_version) return undefined
  if (live === b.prompt_version) return { to: a, live, before: texts.b, after: texts.a }
  return live === a.prompt_version ? { to: b, live, before: texts.a, after: texts.b } : undefined
}

function formView(form: LiveForm, change: Change, after: () => void): TemplateResult {
  const { to, before, after: wanted } = change
  const submit = (event: Event) => {
    event.preventDefault()
    if (form.isConfirmed(change)) void form.send(change, after)
  }
  const into = (field: LiveForm['reason']) => (event: Event) => {
    field.value = textIn(event)
  }
  return html`<details><summary>${t('versions.make', { version: harmless(to.prompt_version) })}</summary>
    <p>${t('versions.makeText')}</p>
    ${differenceView(before, wanted)}
    <form aria-label=${t('versions.makeForm')} @submit=${submit}>
      <label>${t('failures.reason')}<input type="text" maxlength="500" autocomplete="off" .value=${form.reason.value} @input=${into(form.reason)} /></label>
      <label>${t('brakes.type')} <code class="wrap">${harmless(to.task_type)}</code>
        <input type="text" autocomplete="off" autocapitalize="off" spellcheck="false" .value=${form.typed.value} @input=${into(form.typed)} /></label>
      ${form.refusal.value ? refusalBox(form.refusal.value) : nothing}
      <button class="danger" type="submit" ?disabled=${!form.isConfirmed(change)}>${t('versions.makeNow')}</button>
    </form>
  </details>`
}
