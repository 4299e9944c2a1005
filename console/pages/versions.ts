/** Versions: what the answers of each prompt version came to, and two of them by the questions that both have answered. */
import { effect } from '@preact/signals-core'
import { html, nothing, type TemplateResult } from 'lit-html'
import { now } from '../clock.ts'
import { wholeTime } from '../format.ts'
import { named, t } from '../language.ts'
import { filledIn } from '../parts/inputs.ts'
import { loading, refusalBox } from '../parts/states.ts'
import { LiveForm, liveView } from '../parts/version-live.ts'
import { pairsView, textsView, togetherView } from '../parts/version-pairs.ts'
import { asOfView, criteriaView, figuresView, livesView } from '../parts/version-table.ts'
import { linkTo, place } from '../place.ts'
import type { Versions } from '../shapes.ts'
import { harmless } from '../shown.ts'
import { type Narrowed, PairList, RANGES, type Sides, VersionFigures } from '../version-state.ts'
import { type Compared, comparedIn, taskTypesOf } from '../versions.ts'
import type { Page } from './page.ts'

interface Parts {
  readonly figures: VersionFigures
  readonly pairs: PairList
  readonly form: LiveForm
}

export function versionsPage(): Page {
  const figures = new VersionFigures(() => narrowedIn(place.value.query))
  const pairs = new PairList()
  const form = new LiveForm()
  const end = effect(() => {
    const compared = comparedNow(figures.seen.value)
    if (compared) pairs.show(sidesIn(compared), narrowedIn(place.value.query))
  })
  return {
    view: () => html`<h1>${t('versions.title')}</h1>
      <p class="faint">${t('versions.what')}</p>${chooseView(figures.seen.value)}${pageView({ figures, pairs, form })}`,
    close: () => {
      end()
      figures.close()
      pairs.close()
    },
  }
}

const narrowedIn = ({ range, organization }: Readonly<Record<string, string>>): Narrowed => ({
  range: RANGES.find(each => each === range) ?? 'week',
  organization,
})

/** That of the address where it has answers, else that with the most. */
function taskTypeNow(seen: Versions): string | undefined {
  const known = taskTypesOf(seen.versions)
  return known.find(name => name === place.value.query.task_type) ?? known[0]
}

const versionsNow = (seen: Versions) =>
  seen.versions.filter(({ task_type: name }) => name === taskTypeNow(seen))

const comparedNow = (seen: Versions | undefined): Compared | undefined =>
  seen && comparedIn(versionsNow(seen), place.value.query)

const sidesIn = ({ a, b }: Compared): Sides => ({
  ...{ task_type: a.task_type, a: a.prompt_version, b: b.prompt_version },
  ...{ a_model: a.model, b_model: b.model },
})

function chooseView(seen: Versions | undefined): TemplateResult {
  const { query } = place.value
  const { range, organization } = narrowedIn(query)
  const taskType = (seen && taskTypeNow(seen)) ?? query.task_type
  // Of another task type, other versions are compared.
  const set = (name: string) => (event: Event) => {
    const kept = name === 'task_type' ? {} : { a: query.a, b: query.b }
    location.hash = linkTo('versions', '', {
      ...{ task_type: taskType, range, organization, ...kept },
      [name]: filledIn(event),
    })
  }
  return html`<form class="filters" aria-label=${t('versions.view')} @submit=${(event: Event) => event.preventDefault()}>
    <label>${t('filter.taskType')}<select @change=${set('task_type')}>
      ${(seen ? taskTypesOf(seen.versions) : []).map(name => html`<option value=${name} ?selected=${name === taskType}>${named('taskType', name)}</option>`)}
    </select></label>
    <label>${t('money.range')}<select @change=${set('range')}>
      ${RANGES.map(each => html`<option value=${each} ?selected=${each === range}>${t(`money.range.${each}`)}</option>`)}
    </select></label>
    <label>${t('filter.organization')}<input type="text" .value=${organization ?? ''} @change=${set('organization')} /></label>
  </form>`
}

function pageView({ figures, pairs, form }: Parts): TemplateResult {
  const {
    seen: { value: seen },
    refusal: { value: refusal },
  } = figures
  if (!seen) return refusal ? refusalBox(refusal) : loading()
  const versions = versionsNow(seen)
  const compared = comparedNow(seen)
  return html`${refusal ? refusalBox(refusal) : nothing}
    ${
      versions.length === 0
        ? html`<p class="empty">${t('versions.none')}</p>`
        : html`${seen.more ? html`<p class="notice warn">${t('versions.more')}</p>` : nothing}
          ${figuresView({ versions, compared, query: place.value.query })}
          ${criteriaView(versions)}${livesView(versions, seen.live)}`
    }
    <p class="faint" role="status">${t('money.range.of', { from: wholeTime(seen.from), to: wholeTime(seen.to) })}
      ${asOfView(seen.at, now.value)}</p>
    ${versions.length === 0 ? nothing : compared ? comparedView(compared, pairs, form) : html`<p class="notice">${t('versions.one')}</p>`}`
}

function comparedView(compared: Compared, pairs: PairList, form: LiveForm): TemplateResult {
  const {
    found: { value: found },
    refusal: { value: refusal },
  } = pairs
  const { a, b } = compared
  const again = () => pairs.again(sidesIn(compared), narrowedIn(place.value.query))
  return html`<section class="card" aria-label=${t('versions.comparison')}>
    <h2>${t('versions.comparison')} <bdi>${harmless(a.prompt_version)}</bdi> <span class="faint">${harmless(a.model)}</span>
      → <bdi>${harmless(b.prompt_version)}</bdi> <span class="faint">${harmless(b.model)}</span></h2>
    ${found ? html`${togetherView(found, compared)}<h2>${t('versions.texts')}</h2>${textsView(found, compared)}${liveView(form, found, compared, again)}` : refusal ? refusalBox(refusal, again) : loading()}
  </section>
  ${
    found === undefined
      ? nothing
      : html`${found.pairs.length === 0 ? nothing : html`<h2>${t('versions.pairs')}</h2>`}${pairsView(found)}
        ${refusal ? refusalBox(refusal) : nothing}
        ${found.next === undefined ? nothing : html`<button ?disabled=${pairs.isLoading.value} @click=${() => pairs.goOn(found)}>${t('questions.goOn')}</button>`}`
  }`
}
