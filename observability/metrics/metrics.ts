/**
 * GET /metrics: what a pod counts, as Prometheus reads it. Nothing is observed per record: the plain numbers of the engine
 * are read when it is scraped, and the channels tell what is seldom. Two scrapes at once are one.
 */
import type { System } from '#core/system.ts'
import { ChannelCounts, providerName } from './channels.ts'
import { labelValue } from './counts.ts'
import { CONTENT_TYPE, type Exposition, exposed } from './exposition.ts'
import type { Family, Row } from './family.ts'
import { HttpCounts } from './http.ts'
import { LIMIT_ROWS, POD_ROWS, PodFamilies, STAGE_ROWS } from './pods.ts'
import { ProcessFigures, single } from './process.ts'
import { ANSWER_ROWS, ENGINE_ROWS, HTTP_ROWS, PROCESS_ROWS, WEBHOOK_ROWS } from './table.ts'

/** The gate before one provider of models. */
export interface Provider {
  /** Names the provider in the labels of metrics. */
  readonly name: string
  /** The figures of now. */
  figures(): {
    readonly limit: number
    readonly inFlight: number
    readonly waiting: number
    readonly breakerOpen: boolean
  }
}

/** Connections that are shared, to a database. */
export interface Pool {
  /** The figures of now. */
  figures(): {
    readonly limit: number
    readonly used: number
    readonly idle: number
    /** Statements that wait for a connection. */
    readonly waiting: number
  }
}

/** Options of `Metrics`. */
export interface MetricsOptions {
  /** The clock. */
  readonly system: System
  /** Whose disk is watched; none when left out. */
  readonly dataFolder?: string
}

/** One answer to a scrape, in the text format of Prometheus. */
export interface Scrape {
  /** The metrics, in the format of `contentType`. */
  readonly text: string
  /** For the header `content-type` of the reply. */
  readonly contentType: string
}

/** Every metric that there is, in the order of the page that lists them. */
export const METRIC_TABLE: Readonly<Record<string, readonly Row[]>> = {
  'Of a pod': [...POD_ROWS, ...Object.values(ENGINE_ROWS)],
  'Of a stage': STAGE_ROWS,
  'Of models and answers': Object.values(ANSWER_ROWS),
  'Of webhooks': Object.values(WEBHOOK_ROWS),
  'Of the gateway': Object.values(HTTP_ROWS),
  'Of the process': Object.values(PROCESS_ROWS),
  Limits: LIMIT_ROWS,
}

/** Gathers the figures of the pods in this process, and writes them for Prometheus. */
export class Metrics implements Disposable {
  readonly #system: System
  readonly #pods: PodFamilies
  readonly #channels = new ChannelCounts()
  readonly #http = new HttpCounts()
  readonly #process: ProcessFigures
  #providers: readonly Provider[] = []
  #pools: readonly Pool[] = []
  #scraping: Promise<Scrape> | undefined
  #last = { durationMs: 0, series: 0, refused: 0 }

  constructor({ system, dataFolder }: MetricsOptions) {
    this.#system = system
    this.#pods = new PodFamilies(system)
    this.#process = new ProcessFigures(system, dataFolder)
  }

  /** Counts from here on: before the pod starts, so that nothing is missed. */
  start(): void {
    this.#pods.start()
    this.#channels.start()
    this.#http.start()
    this.#process.start()
  }

  [Symbol.dispose](): void {
    this.#pods.stop()
    this.#channels.stop()
    this.#http.stop()
    this.#process.stop()
  }

  /** Whose concurrency and breakers are shown, and whose connections. */
  watch(providers: readonly Provider[], pools: readonly Pool[] = []): void {
    this.#providers = providers
    this.#pools = pools
  }

  /** All metrics as they are now. */
  scrape(): Promise<Scrape> {
    this.#scraping ??= this.#scrape().finally(() => {
      this.#scraping = undefined
    })
    return this.#scraping
  }

  async #scrape(): Promise<Scrape> {
    const began = this.#system.monotonic()
    const exposition = await exposed(await this.#families())
    this.#note(exposition, began)
    return { text: exposition.text, contentType: CONTENT_TYPE }
  }

  #note({ series, refused }: Exposition, began: number): void {
    this.#last = { durationMs: this.#system.monotonic() - began, series, refused }
  }

  async #families(): Promise<readonly Family[]> {
    const [pods, process] = await Promise.all([this.#pods.families(), this.#process.families()])
    const { durationMs, series, refused } = this.#last
    return [
      ...process,
      single(PROCESS_ROWS.scrapeTime, durationMs / 1_000),
      single(PROCESS_ROWS.scrapeFailures, this.#pods.unanswered),
      single(PROCESS_ROWS.series, series),
      single(PROCESS_ROWS.seriesRefused, refused),
      ...pods,
      ...this.#channels.engine,
      ...providerFamilies(this.#providers),
      ...this.#channels.answers,
      ...this.#http.families,
      ...poolFamilies(this.#pools),
    ]
  }
}

function providerFamilies(providers: readonly Provider[]): readonly Family[] {
  const read = providers.map(({ name, figures }) => ({
    provider: labelValue(providerName(name)),
    ...figures(),
  }))
  const family = (row: Row, value: (each: (typeof read)[number]) => number): Family => ({
    row,
    children: read.map(each => ({ labels: { provider: each.provider }, value: value(each) })),
  })
  return [
    family(ANSWER_ROWS.modelLimit, ({ limit }) => limit),
    family(ANSWER_ROWS.modelInFlight, ({ inFlight }) => inFlight),
    family(ANSWER_ROWS.modelWaiting, ({ waiting }) => waiting),
    family(ANSWER_ROWS.breakerOpen, ({ breakerOpen }) => Number(breakerOpen)),
  ]
}

/** Of all pools together; nothing where there is none. */
function poolFamilies(pools: readonly Pool[]): readonly Family[] {
  if (pools.length === 0) return []
  const all = pools.map(pool => pool.figures())
  const sum = (value: (each: (typeof all)[number]) => number) =>
    all.reduce((total, each) => total + value(each), 0)
  const states = { used: sum(({ used }) => used), idle: sum(({ idle }) => idle) }
  return [
    {
      row: HTTP_ROWS.databaseConnections,
      children: Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
    },
    single(
      HTTP_ROWS.databaseConnectionsMax,
      sum(({ limit }) => limit),
    ),
    single(
      HTTP_ROWS.databaseWaiting,
      sum(({ waiting }) => waiting),
    ),
  ]
}
