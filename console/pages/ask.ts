/** Ask: a question in, and its way through the pipeline as it happens. */
import { signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { taskAddress } from '../addresses.ts'
import { type Link, Refusal, send, stream } from '../api.ts'
import { pathOf } from '../attempts.ts'
import { score } from '../format.ts'
import { named, t } from '../language.ts'
import { isTicked, textIn } from '../parts/inputs.ts'
import { draftView, pathView, spentView } from '../parts/run-path.ts'
import { linkNotice, refusalBox, stateChip } from '../parts/states.ts'
import { textOf } from '../parts/text.ts'
import { type Draft, draftAfter, isToken, type Token } from '../pieces.ts'
import { keepInAddress, linkTo, type Place } from '../place.ts'
import type { RunEvent } from '../shapes.ts'
import { harmless } from '../shown.ts'
import type { Page } from './page.ts'

interface Form {
  readonly title: string
  readonly content: string
  readonly best_answer: string
  readonly task_type: string
  readonly fresh: boolean
}

interface Queued {
  readonly task_id: string
  readonly joined?: boolean
  readonly hit?: boolean
  readonly source?: string
  readonly answer?: string
  readonly final?: number
}

const TASK_TYPES = ['qa', 'sentiment', 'moderation', 'summarization']
const EMPTY: Form = { title: '', content: '', best_answer: '', task_type: 'qa', fresh: false }
/** Kept while the reader looks at other pages: nothing that was typed is lost. */
const form = signal<Form>(EMPTY)
const isSending = signal(false)
const refusal = signal<Refusal | undefined>(undefined)
const queued = signal<Queued | undefined>(undefined)
const events = signal<readonly RunEvent[]>([])
const draft = signal<Draft | undefined>(undefined)
const link = signal<Link>('live')
const linkRefusal = signal<Refusal | undefined>(undefined)
let stop = () => {}

/** What the address names is followed again, also in another window. */
export function askPage({ query: { task } }: Place): Page {
  if (task !== undefined && task !== queued.value?.task_id) show({ task_id: task })
  return { view }
}

function view(): TemplateResult {
  return html`<h1>${t('ask.title')}</h1>
    <div class="columns">
      <div>${formView()}</div>
      <div aria-live="polite">${refusal.value ? refusalBox(refusal.value) : nothing}${outcomeView()}</div>
    </div>`
}

function formView(): TemplateResult {
  const { title, content, best_answer: reference, task_type: type, fresh } = form.value
  const set = (field: keyof Form) => (event: Event) => {
    form.value = { ...form.value, [field]: textIn(event) }
  }
  return html`<form class="card" @submit=${submit}>
    <label>${t('ask.question')}<textarea rows="3" required maxlength="10000" dir="auto" .value=${title} @input=${set('title')}></textarea></label>
    <label>${t('ask.taskType')}<select .value=${type} @change=${set('task_type')}>
      ${TASK_TYPES.map(each => html`<option value=${each} ?selected=${each === type}>${named('taskType', each)}</option>`)}
    </select></label>
    <details ?open=${reference !== '' || content !== ''}>
      <summary>${t('ask.more')}</summary>
      <label>${t('ask.content')}<textarea rows="3" dir="auto" .value=${content} @input=${set('content')}></textarea></label>
      <label>${t('ask.reference')}<textarea rows="2" dir="auto" .value=${reference} @input=${set('best_answer')}></textarea></label>
    </details>
    <label class="check"><input type="checkbox" .checked=${fresh} @change=${tick} /> ${t('ask.fresh')}</label>
    <div class="buttons">
      <button class="primary" ?disabled=${isSending.value}>${t('ask.send')}</button>
      <button type="button" @click=${example}>${t('ask.example')}</button>
    </div>
    ${curlView(curlOf(form.value))}
  </form>`
}

const curlView = (command: string): TemplateResult =>
  html`<details><summary>${t('ask.curl')}</summary>
    <pre class="curl"><code>${harmless(command)}</code></pre>
    <button type="button" @click=${() => navigator.clipboard.writeText(command)}>${t('copy')}</button>
  </details>`

const tick = (event: Event): void => {
  form.value = { ...form.value, fresh: isTicked(event) }
}

const submit = (event: Event): void => {
  event.preventDefault()
  void put()
}

let examples = 0

/** One after another. */
function example(): void {
  const at = (examples++ % 4) + 1
  form.value = {
    ...EMPTY,
    title: named('example', `question${at}`),
    best_answer: named('example', `answer${at}`),
    fresh: true,
  }
}

/** Only what was filled in. */
function bodyOf({ title, content, best_answer, task_type, fresh }: Form): object {
  return {
    title,
    ...(content !== '' && { content }),
    ...(best_answer !== '' && { best_answer }),
    ...(task_type !== 'qa' && { task_type }),
    ...(fresh && { fresh }),
  }
}

const curlOf = (asked: Form): string =>
  `curl -s ${location.origin}/query -H 'content-type: application/json' \\\n  -d '${JSON.stringify(bodyOf(asked)).replaceAll("'", "'\\''")}'`

async function put(): Promise<void> {
  if (isSending.value) return
  isSending.value = true
  stop()
  const answer = await send<Queued>('POST', '/query', { ...bodyOf(form.value), stream: true })
  isSending.value = false
  refusal.value = answer instanceof Refusal ? answer : undefined
  if (answer instanceof Refusal) return
  keepInAddress(linkTo('ask', '', { task: answer.task_id }))
  show(answer)
}

function show(answer: Queued): void {
  stop()
  queued.value = answer
  events.value = []
  draft.value = undefined
  link.value = 'live'
  linkRefusal.value = undefined
  if (!answer.hit) watch(answer.task_id)
}

function watch(id: string): void {
  stop = stream<RunEvent | Token>(taskAddress(id, 'events'), {
    onEvent: (_, data) => {
      draft.value = draftAfter(draft.value, data)
      if (!isToken(data)) events.value = [...events.value, data]
    },
    onLink: (state, why) => {
      link.value = state
      linkRefusal.value = why
    },
  })
}

function outcomeView(): TemplateResult {
  const found = queued.value
  if (!found) return html`<div class="empty"><p>${t('ask.nothing')}</p></div>`
  const whole = html`<a href=${linkTo('question', found.task_id)}>${t('ask.whole')}</a>`
  if (found.hit)
    return html`<section class="card">
      <h2>${t('ask.hit', { source: named('source', found.source ?? '') })} <span class="final">${score(found.final)}</span></h2>
      ${textOf(found.answer ?? '')}
      <p>${whole}</p>
    </section>`
  const path = pathOf(events.value)
  return html`<section aria-label=${t('ask.outcome')}>
    <p class="headline">${stateChip(path.state)} ${spentView(path)} ${whole}</p>
    ${found.joined ? html`<p class="notice">${t('ask.joined')}</p>` : nothing}
    ${path.end ? nothing : linkNotice(link.value, linkRefusal.value)}
    ${pathView(path)}${draftView(draft.value)}
  </section>`
}
