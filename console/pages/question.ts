/** One question: its whole path, and how it stood at each moment. */
import { computed, signal } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { taskAddress } from '../addresses.ts'
import { ask, type Link, Refusal, stream } from '../api.ts'
import { pathOf } from '../attempts.ts'
import { after, now } from '../clock.ts'
import { clockTime, count, duration, score, wholeTime } from '../format.ts'
import { named, t } from '../language.ts'
import { textIn } from '../parts/inputs.ts'
import { attemptName, draftView, pathView, spentView } from '../parts/run-path.ts'
import { linkNotice, loading, refusalBox, stateChip } from '../parts/states.ts'
import { differenceOf } from '../parts/text.ts'
import { type Draft, draftAfter, isToken, type Token } from '../pieces.ts'
import { keepInAddress, linkTo, type Place, place } from '../place.ts'
import { seesAll } from '../reader.ts'
import type { Run, RunEvent } from '../shapes.ts'
import { harmless } from '../shown.ts'
import type { Page } from './page.ts'

interface History {
  readonly task_id: string
  readonly run?: Run
  readonly events: readonly RunEvent[]
}

/** Until an ended stream is taken up again whose run has not ended by its history. */
const AGAIN_MS = 2_000

/** What is known of one run, and at which moment of it the reader looks. */
class Looked {
  readonly id: string
  readonly found = signal<History | Refusal | undefined>(undefined)
  readonly events = signal<readonly RunEvent[]>([])
  /** What a model writes now. */
  readonly draft = signal<Draft | undefined>(undefined)
  readonly link = signal<Link>('connecting')
  /** What the gateway says where it refuses the stream. */
  readonly linkRefusal = signal<Refusal | undefined>(undefined)
  /** Where the handle is while it is being moved. */
  readonly moved = signal<number | undefined>(undefined)
  /** So many events are looked at, as the address says; all of them while it does not. */
  readonly moment = computed(() => {
    const at = this.moved.value ?? Number(place.value.query.moment ?? 0)
    return Number.isInteger(at) && at > 0 && at < this.events.value.length ? at : undefined
  })
  /** Places among the attempts that have an answer. */
  readonly compared = signal<readonly [number, number] | undefined>(undefined)
  readonly path = computed(() =>
    pathOf(this.events.value.slice(0, this.moment.value ?? this.events.value.length)),
  )
  /** The time of the event that is shown; nothing while the reader looks at now. */
  readonly shownAt = computed(() => {
    const { value: moment } = this.moment
    const event = moment === undefined ? undefined : this.events.value[moment - 1]
    return event && Date.parse(event.at)
  })
  readonly #organization: string | undefined
  #stop = () => {}
  #isClosed = false

  constructor({ id, query }: Place) {
    this.id = id
    this.#organization = query.organization
  }

  get run(): Run | undefined {
    const found = this.found.value
    return found === undefined || found instanceof Refusal ? undefined : found.run
  }

  readonly load = async (): Promise<void> => {
    const answer = await ask<History>(taskAddress(this.id, 'history', this.#organization))
    if (this.#isClosed) return
    this.found.value = answer
    if (answer instanceof Refusal) return
    this.events.value = answer.events
    if (pathOf(answer.events).end) this.link.value = 'live'
    else this.#follow()
  }

  /** Looks at so many events. */
  readonly look = (count: number): void => {
    this.moved.value = undefined
    const moment = count < this.events.value.length ? String(count) : undefined
    keepInAddress(linkTo('question', this.id, { ...place.value.query, moment }))
  }

  close(): void {
    this.#isClosed = true
    this.#stop()
  }

  /** The stream begins with what was first: the page grows when the stream has more than the page. */
  #follow(): void {
    this.#stop()
    const come: RunEvent[] = []
    const end = stream<RunEvent | Token>(taskAddress(this.id, 'events', this.#organization), {
      onEvent: (_, data) => {
        this.draft.value = draftAfter(this.draft.value, data)
        if (isToken(data)) return
        come.push(data)
        if (come.length >= this.events.value.length) this.events.value = [...come]
      },
      onLink: (link, refusal) => {
        this.link.value = link
        this.linkRefusal.value = refusal
      },
      // A failure that was sent again stands in the middle of a stream: its end alone says that the run is over.
      onOver: () => {
        this.#stop = after(AGAIN_MS, () => void this.load())
      },
    })
    this.#stop = end
  }
}

export function questionPage(opened: Place): Page {
  const looked = new Looked(opened)
  void looked.load()
  return { view: () => view(looked), close: () => looked.close() }
}

function view(looked: Looked): TemplateResult {
  const found = looked.found.value
  if (found === undefined) return loading()
  if (found instanceof Refusal) return html`<h1>${t('question.title')}</h1>${refusalBox(found, looked.load)}`
  const path = looked.path.value
  const isNow = looked.moment.value === undefined
  return html`${headView(looked)} ${path.end ? nothing : linkNotice(looked.link.value, looked.linkRefusal.value)}
    <div class="columns question">
      <div>${momentView(looked)}${eventsView(looked)}</div>
      <div>${compareView(looked)}${pathView(path, looked.shownAt.value)}${isNow ? draftView(looked.draft.value) : nothing}</div>
    </div>`
}

function headView({
  id,
  run,
  events: { value: events },
  moment,
  shownAt,
  path: { value: path },
}: Looked): TemplateResult {
  const title = events.find(each => each.title !== undefined)?.title ?? run?.title ?? id
  const asked = events[0]?.at
  const ended = path.end?.at
  const isNow = moment.value === undefined
  const died = isNow && run?.state === 'failed' && !path.end
  return html`<h1 dir="auto" class="wrap">${harmless(title)}</h1>
    <p class="headline">
      ${stateChip(died ? 'failed' : path.state, path.end?.below_threshold)}
      ${died ? html`<strong>${named('reason', run?.reason ?? '')}</strong>` : nothing}
      <span>${t('column.final')} <strong>${score(path.final)}</strong></span>
      ${spentView(path)}
      <span>${named('taskType', run?.task_type ?? '')}</span>
      ${run?.organization ? html`<span>${harmless(run.organization)}</span>` : nothing}
      ${asked ? html`<time datetime=${asked} title=${wholeTime(asked)}>${clockTime(asked)}</time>` : nothing}
      ${asked ? html`<span class="faint">${t('questions.took', { time: duration(Math.max(0, (ended ? Date.parse(ended) : (shownAt.value ?? now.value)) - Date.parse(asked))) })}</span>` : nothing}
      <code class="faint wrap">${harmless(id)}</code>
      ${seesAll() ? html`<a href=${linkTo('topics', '', { key: id })}>${t('question.records')}</a>` : nothing}
    </p>`
}

function momentView({ events: { value: events }, moment, moved, look }: Looked): TemplateResult {
  const at = moment.value ?? events.length
  const event = events[at - 1]
  return html`<section class="card moment">
    <label>${t('question.moment')}
      <input type="range" min="1" max=${Math.max(1, events.length)} .value=${String(at)}
        aria-valuetext=${event ? `${named('kind', event.kind)}, ${clockTime(event.at)}` : ''}
        @input=${(input: Event) => {
          moved.value = Number(textIn(input))
        }}
        @change=${(input: Event) => look(Number(textIn(input)))} /></label>
    <p class="faint">${
      moment.value === undefined
        ? t('question.now')
        : html`${t('question.asOf', { at: count(at), all: count(events.length) })}
            <button class="link" @click=${() => look(events.length)}>${t('question.toNow')}</button>`
    }</p>
  </section>`
}

function eventsView({ events: { value: events }, moment, look }: Looked): TemplateResult {
  const [first] = events
  const at = moment.value ?? events.length
  return html`<ol class="events" aria-label=${t('question.events')}>
    ${events.map(
      (event, index) => html`<li class=${`event ${event.kind} ${index >= at ? 'later' : ''}`}>
      <button class="plain" aria-current=${index === at - 1 ? 'step' : 'false'} @click=${() => look(index + 1)}>
        <span class="dot" aria-hidden="true"></span>
        <strong>${named('kind', event.kind)}${event.kind === 'scored' ? ` ${score(event.final)}` : ''}${event.kind === 'call_failed' ? `: ${named('error', event.error_type ?? '')}` : ''}</strong>
        <span class="faint">${clockTime(event.at)}${first ? ` · +${duration(Math.max(0, Date.parse(event.at) - Date.parse(first.at)))}` : ''}</span>
      </button>
    </li>`,
    )}
  </ol>`
}

function compareView({ path: { value: path }, compared }: Looked): TemplateResult | typeof nothing {
  const answered = path.attempts.filter(each => each.answered)
  if (answered.length < 2) return nothing
  const [one, other] = compared.value ?? [answered.length - 2, answered.length - 1]
  const textAt = (at: number) => answered[at]?.answered?.reply ?? ''
  const choose = (index: 0 | 1) => (event: Event) => {
    const value = Number(textIn(event))
    compared.value = index === 0 ? [value, other] : [one, value]
  }
  const list = (
    label: string,
    chosen: number,
    index: 0 | 1,
  ) => html`<label>${label}<select @change=${choose(index)}>
    ${answered.map((attempt, at) => html`<option value=${at} ?selected=${at === chosen}>${attemptName(attempt)}</option>`)}
  </select></label>`
  return html`<details class="card">
    <summary>${t('question.compare')}</summary>
    <div class="filters">${list(t('question.before'), one, 0)} ${list(t('question.after'), other, 1)}</div>
    ${differenceOf(textAt(one), textAt(other))}
  </details>`
}
