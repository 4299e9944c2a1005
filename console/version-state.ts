/** What the page of versions knows: the figures of all, and two of them compared. */
import { effect, signal } from '@preact/signals-core'
import { ask, Refusal } from './api.ts'
import { now, repeatedly } from './clock.ts'
import type { Comparison, Versions, VersionsFound } from './shapes.ts'

/** All answers of the time are added up each time, which takes its while. */
const EVERY_MS = 60_000
const DAY_MS = 86_400_000
const PAIRS = 10

export const RANGES = ['day', 'week', 'month', 'all'] as const
const RANGE_MS: Readonly<Record<string, number>> = { day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS }

/** What narrows both. */
export interface Narrowed {
  readonly range: string
  /** Of any where it is not there. */
  readonly organization: string | undefined
}

export class VersionFigures {
  readonly seen = signal<Versions | undefined>(undefined)
  readonly refusal = signal<Refusal | undefined>(undefined)
  #round = 0
  #stop = () => {}
  readonly #end: () => void

  constructor(narrowed: () => Narrowed) {
    this.#end = effect(() => this.#begin(searchOf(narrowed()).toString()))
  }

  close(): void {
    this.#round++
    this.#end()
    this.#stop()
  }

  #begin(search: string): void {
    const own = ++this.#round
    this.#stop()
    this.seen.value = undefined
    this.refusal.value = undefined
    this.#stop = repeatedly(EVERY_MS, async () => {
      const answer = await ask<VersionsFound>(`/versions?${search}`)
      if (own !== this.#round) return
      this.refusal.value = answer instanceof Refusal ? answer : undefined
      if (!(answer instanceof Refusal)) this.seen.value = { ...answer, at: now.peek() }
    })
  }
}

/** Two versions as the address of the request names them. */
export interface Sides {
  readonly task_type: string
  readonly a: string
  readonly b: string
  readonly a_model: string
  readonly b_model: string
}

/** Pairs as far as the reader went: what comes meanwhile moves none of them. */
export class PairList {
  readonly found = signal<Comparison | undefined>(undefined)
  /** Of the last request. What was found before stays. */
  readonly refusal = signal<Refusal | undefined>(undefined)
  readonly isLoading = signal(false)
  #path: string | undefined
  #round = 0

  /** Begins again where it is asked for something else. */
  show(sides: Sides, narrowed: Narrowed): void {
    // The range ends now, and is the same as long as its name is.
    const key = JSON.stringify([sides, narrowed])
    if (key === this.#path) return
    this.#path = key
    this.again(sides, narrowed)
  }

  again(sides: Sides, narrowed: Narrowed): void {
    const search = searchOf(narrowed, sides)
    void this.#read(search, undefined)
  }

  readonly goOn = (before: Comparison): void => {
    const search = new URLSearchParams(before.search)
    search.set('cursor', before.next ?? '')
    void this.#read(search, before)
  }

  close(): void {
    this.#round++
  }

  async #read(search: URLSearchParams, before: Comparison | undefined): Promise<void> {
    const own = ++this.#round
    this.isLoading.value = true
    this.refusal.value = undefined
    if (!before) this.found.value = undefined
    const answer = await ask<Omit<Comparison, 'search'>>(`/versions/compare?${search}`)
    if (own !== this.#round) return
    this.isLoading.value = false
    search.delete('cursor')
    if (answer instanceof Refusal) this.refusal.value = answer
    else this.found.value = joined(before, { ...answer, search: search.toString() })
  }
}

/** A later page has more pairs, and neither texts nor the time of the first. */
function joined(before: Comparison | undefined, page: Comparison): Comparison {
  if (!before) return page
  const { next: _, ...kept } = before
  return { ...kept, pairs: [...before.pairs, ...page.pairs], ...(page.next && { next: page.next }) }
}

/** The end is the gateway's own time, the beginning that of this machine: a range of days bears the difference. */
function searchOf({ range, organization }: Narrowed, sides?: Sides): URLSearchParams {
  const lasting = RANGE_MS[range]
  const from = lasting === undefined ? 0 : Math.max(0, now.peek() - lasting)
  const search = new URLSearchParams({ from: new Date(from).toISOString() })
  if (organization !== undefined) search.set('organization', organization)
  if (sides)
    for (const [name, value] of Object.entries({ ...sides, limit: String(PAIRS) })) search.set(name, value)
  return search
}
