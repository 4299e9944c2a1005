/** A look into a topic: pages of records as far as the reader went, with what was looked at for them. */
import { effect, signal } from '@preact/signals-core'
import { type Refusal, readOnce } from './api.ts'
import { after } from './clock.ts'
import { place } from './place.ts'
import type { TopicRecord } from './shapes.ts'

export const LIVE_RECORDS = 20
const LIVE_MS = 2_000
/** What the address has, by what the gateway calls it: a key in its address would be taken for one that opens it. */
const ASKED: Readonly<Record<string, string>> = {
  partition: 'partition',
  from: 'from',
  key: 'record_key',
  filter: 'filter',
  cursor: 'cursor',
  limit: 'limit',
  whole: 'whole',
}

export interface Gap {
  readonly partition: number
  readonly first: number
  readonly next: number
}

interface Done {
  readonly looked_at: number
  readonly found: number
  readonly ended_by: 'page' | 'bound' | 'end'
  readonly next?: string
}

type Told = TopicRecord | Gap | Done | Pick<Done, 'looked_at' | 'found'>

/** How far a look is: in all its pages together. */
export interface Looked {
  readonly records: readonly TopicRecord[]
  readonly gaps: readonly Gap[]
  readonly lookedAt: number
  /** Nothing while it is under way, or where it broke. */
  readonly done: Done | undefined
  readonly refusal: Refusal | undefined
}

const NOTHING: Looked = { records: [], gaps: [], lookedAt: 0, done: undefined, refusal: undefined }

export class TopicLook {
  readonly looked = signal<Looked>(NOTHING)
  readonly isLive = signal(false)
  readonly #topic: string
  readonly #end: () => void
  #reading = new AbortController()
  #cancel = () => {}

  constructor(topic: string) {
    this.#topic = topic
    this.#end = effect(() => {
      const { query } = place.value
      this.isLive.value = query.live === 'true'
      this.#begin(query)
    })
  }

  close(): void {
    this.#end()
    this.#stop()
  }

  readonly again = (): void => this.#begin(place.value.query)

  /** Goes on behind what was looked at. */
  readonly goOn = (cursor: string): void => {
    void this.#read({ ...place.value.query, cursor }, this.looked.value)
  }

  /** Reads one record again, with its value whole. */
  readonly showWhole = async ({ partition, offset }: TopicRecord): Promise<void> => {
    const query = { partition: `${partition}`, from: `${offset}`, limit: '1', whole: 'true' }
    await readOnce<Told>(
      this.#pathOf(query),
      (kind, data) => {
        if (kind === 'record' && 'headers' in data && data.offset === offset) this.#replace(data)
      },
      this.#reading.signal,
    )
  }

  #replace(record: TopicRecord): void {
    const { records } = this.looked.value
    const isIt = (each: TopicRecord) => each.partition === record.partition && each.offset === record.offset
    this.looked.value = { ...this.looked.value, records: records.map(each => (isIt(each) ? record : each)) }
  }

  #begin(query: Readonly<Record<string, string>>): void {
    this.#stop()
    void this.#read(query, NOTHING)
  }

  #stop(): void {
    this.#reading.abort()
    this.#cancel()
  }

  async #read(query: Readonly<Record<string, string>>, before: Looked): Promise<void> {
    this.#reading.abort()
    const reading = new AbortController()
    this.#reading = reading
    const isLive = query.live === 'true'
    const show = (looked: Looked) => {
      if (!reading.signal.aborted) this.looked.value = looked
    }
    let page: Looked = { ...before, done: undefined, refusal: undefined }
    if (!isLive) show(page)
    const path = this.#pathOf(isLive ? { limit: `${LIVE_RECORDS}` } : query)
    const refusal = await readOnce<Told>(
      path,
      (kind, data) => {
        page = grown(page, before.lookedAt, kind, data)
        if (!isLive) show(page)
      },
      reading.signal,
    )
    show({ ...page, refusal })
    if (isLive && !reading.signal.aborted)
      this.#cancel = after(LIVE_MS, () => void this.#read(query, NOTHING))
  }

  #pathOf(query: Readonly<Record<string, string>>): string {
    const asked = Object.entries(query).flatMap(([name, value]) => {
      const known = Object.hasOwn(ASKED, name) ? ASKED[name] : undefined
      return known === undefined ? [] : [[known, value]]
    })
    return `/topics/${encodeURIComponent(this.#topic)}/records?${new URLSearchParams(asked)}`
  }
}

function grown(page: Looked, before: number, kind: string, data: Told): Looked {
  if (kind === 'record' && 'headers' in data) return { ...page, records: [...page.records, data] }
  if (kind === 'gap' && 'first' in data) return { ...page, gaps: [...page.gaps, data] }
  if (!('looked_at' in data)) return page
  const lookedAt = before + data.looked_at
  return { ...page, lookedAt, ...('ended_by' in data && { done: data }) }
}
