/** The console: one page that follows the address, and one effect that draws it. */
import { effect, untracked } from '@preact/signals-core'
import { html, nothing, render, type TemplateResult } from 'lit-html'
import { isLoggedOut } from './api.ts'
import { followBrakes } from './brakes-state.ts'
import { after, startClock } from './clock.ts'
import { flow, flowLink, followFlow, staleMs } from './flow-state.ts'
import { duration } from './format.ts'
import { type Language, language, speak, t, type Word } from './language.ts'
import { askPage } from './pages/ask.ts'
import { brakesPage } from './pages/brakes.ts'
import { failuresPage } from './pages/failures.ts'
import { flowPage } from './pages/flow.ts'
import { moneyPage } from './pages/money.ts'
import type { Page } from './pages/page.ts'
import { podsPage } from './pages/pods.ts'
import { questionPage } from './pages/question.ts'
import { questionsPage } from './pages/questions.ts'
import { statePage } from './pages/state.ts'
import { topicsPage } from './pages/topics.ts'
import { versionsPage } from './pages/versions.ts'
import { brakeBanner } from './parts/brake-banner.ts'
import { loginView, readerView } from './parts/login.ts'
import { loading, refusalBox } from './parts/states.ts'
import { followAddress, type Place, place } from './place.ts'
import { mayDo, reader, readerRefusal, recognise, seesAll } from './reader.ts'
import type { Scope } from './shapes.ts'
import { theme, turnTheme } from './theme.ts'

interface Entry {
  readonly word: Word
  readonly open: (place: Place) => Page
  /** What a key needs for the page. */
  readonly scope: Scope
  /** Shows what belongs to every organisation: absent for who sees one. */
  readonly isOfAll?: true
  /** In the menu, and not only behind a link. */
  readonly isListed: boolean
}

const PAGES: Readonly<Record<string, Entry>> = {
  flow: { word: 'flow.title', open: flowPage, scope: 'operate', isListed: true },
  ask: { word: 'ask.title', open: askPage, scope: 'ask', isListed: true },
  questions: { word: 'questions.title', open: questionsPage, scope: 'read', isListed: true },
  money: { word: 'money.title', open: moneyPage, scope: 'read', isListed: true },
  versions: { word: 'versions.title', open: versionsPage, scope: 'read', isListed: true },
  failures: { word: 'failures.title', open: failuresPage, scope: 'operate', isListed: true },
  topics: { word: 'topics.title', open: topicsPage, scope: 'operate', isOfAll: true, isListed: true },
  state: { word: 'stored.title', open: statePage, scope: 'operate', isOfAll: true, isListed: true },
  pods: { word: 'pods.title', open: podsPage, scope: 'operate', isListed: true },
  brakes: { word: 'brakes.title', open: brakesPage, scope: 'read', isListed: true },
  question: { word: 'question.title', open: questionPage, scope: 'read', isListed: false },
}

const LANGUAGE_KEY = 'caudal.language'
/** Where the words did not arrive. */
const AGAIN_MS = 3_000

let page: Page | undefined
let shown = ''

async function begin(): Promise<void> {
  const kept = localStorage.getItem(LANGUAGE_KEY)
  const known = kept ?? navigator.language.slice(0, 2)
  await speak(known === 'es' ? 'es' : 'en')
  startClock()
  followAddress()
  const root = document.querySelector<HTMLElement>('#app')
  if (!root) return
  root.replaceChildren()
  effect(turnPage)
  effect(() => draw(root))
  effect(() => {
    if (reader.value) untracked(follow)
  })
  void recognise()
}

let isFollowing = false

/** What every page shows, from the first moment that the reader may see it. */
function follow(): void {
  if (isFollowing) return
  isFollowing = true
  if (mayDo('operate')) followFlow()
  followBrakes()
}

/** A page is opened again when the address names another one, or another thing on it; what narrows a list is its own. */
function turnPage(): void {
  const { page: name, id } = place.value
  if (!reader.value) return
  // The home of who may not see the flow.
  if (name === 'flow' && !mayDo('operate')) location.hash = '#/questions'
  const key = `${name} ${id}`
  if (key === shown) return
  shown = key
  untracked(() => {
    page?.close?.()
    page = isAllowed(PAGES[name]) ? PAGES[name]?.open(place.value) : undefined
  })
  window.scrollTo(0, 0)
}

function draw(root: HTMLElement): void {
  document.documentElement.lang = language.value
  document.documentElement.dataset.theme = theme.value
  const entry = PAGES[place.value.page]
  document.title = `${t(entry?.word ?? 'missing.title')} · Caudal`
  render(
    html`${headerView()}<main id="main" tabindex="-1">${brakeBanner()}${staleView()}${contentView(entry)}</main>`,
    root,
  )
}

const isAllowed = (entry: Entry | undefined): boolean =>
  entry !== undefined && mayDo(entry.scope) && (!entry.isOfAll || seesAll())

function contentView(entry: Entry | undefined): TemplateResult {
  if (!reader.value) {
    if (isLoggedOut.value) return loginView()
    return readerRefusal.value ? refusalBox(readerRefusal.value) : loading()
  }
  const content = !entry ? missingView() : isAllowed(entry) && page ? page.view() : withoutScopeView(entry)
  return html`${isLoggedOut.value ? loginView() : nothing}${content}`
}

const headerView = (): TemplateResult =>
  html`<a class="skip" href="#main" @click=${skip}>${t('skip')}</a>
    <header>
      <a class="brand" href="#/flow"><img src="/console/icon.svg" alt="" width="26" height="26" /> Caudal</a>
      <nav aria-label=${t('menu')}>
        ${Object.entries(PAGES).flatMap(([name, entry]) =>
          entry.isListed && isAllowed(entry)
            ? [
                html`<a href="#/${name}" aria-current=${place.value.page === name ? 'page' : 'false'}>${t(entry.word)}</a>`,
              ]
            : [],
        )}
      </nav>
      <span class="tools">
        ${mayDo('operate') ? html`<span class="link-state ${flowLink.value}" title=${t(`linkState.${flowLink.value}`)}><span class="visually-hidden">${t(`linkState.${flowLink.value}`)}</span></span>` : nothing}
        ${readerView()}
        <button @click=${turnTheme} aria-label=${t('theme')}>${theme.value === 'dark' ? '☀' : '☾'}</button>
        <button @click=${() => turnLanguage().catch(() => undefined)} lang=${other()} aria-label="${other().toUpperCase()}: ${t('language')}">${other().toUpperCase()}</button>
      </span>
    </header>`

const other = (): Language => (language.value === 'en' ? 'es' : 'en')

async function turnLanguage(): Promise<void> {
  await speak(other())
  localStorage.setItem(LANGUAGE_KEY, language.value)
}

function skip(event: Event): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('#main')?.focus()
}

/** Old figures are never shown as new ones. */
function staleView(): TemplateResult | typeof nothing {
  if (staleMs.value !== undefined)
    return html`<div class="notice warn" role="status">${t('link.stale', { time: duration(staleMs.value) })}</div>`
  const heard = flow.value?.heardAgoMs
  return heard !== undefined && heard !== null && heard > 10_000 && place.value.page === 'flow'
    ? html`<div class="notice warn" role="status">${t('link.reportStale', { time: duration(heard) })}</div>`
    : nothing
}

const withoutScopeView = ({ word, scope }: Entry): TemplateResult =>
  html`<h1>${t(word)}</h1><p class="notice">${mayDo(scope) ? t('missing.ofAll') : t('missing.scope', { scope })}</p>`

const missingView = (): TemplateResult =>
  html`<h1>${t('missing.title')}</h1><p>${t('missing.text')} <a href="#/flow">${t('flow.title')}</a></p>`

begin().catch(() => after(AGAIN_MS, () => location.reload()))
