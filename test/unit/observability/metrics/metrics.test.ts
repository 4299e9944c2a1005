/** What a scrape says against what is known to have happened, and the page that lists every metric. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { codec } from '#core/codec.ts'
import { publish } from '#core/diagnostics.ts'
import { CaudalError } from '#core/errors.ts'
import { DEFAULT_LIMITS } from '#core/limits.ts'
import { operator } from '#core/operator.ts'
import { PodMetrics } from '#core/pod-metrics.ts'
import { realSystem } from '#core/system.ts'
import { SERIES_MAX } from '#observability/metrics/exposition.ts'
import { METRIC_TABLE, Metrics } from '#observability/metrics/metrics.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from '../../engine/behaviour/graph.ts'
import { seriesOf, valuesOf } from './scraped.ts'

const started: Metrics[] = []
afterEach(() => {
  for (const each of started.splice(0)) each[Symbol.dispose]()
})

function counting(system = realSystem): Metrics {
  const metrics = new Metrics({ system, dataFolder: '/' })
  metrics.start()
  started.push(metrics)
  return metrics
}

/** A pod with the given figures. */
function pod(metrics: PodMetrics, ends: (index: number) => number = () => 0) {
  publish('caudal:pod:started', {
    pod: 'one:1:a',
    name: 'one',
    application: 'app',
    limits: DEFAULT_LIMITS,
    metrics: () => metrics,
    ends: async places => places.map((_, index) => ends(index)),
  })
}

const double = operator({
  name: 'double',
  input: numbers,
  outputs: { out: codec.text },
  process(record, ctx) {
    if (record.value === 7) ctx.deadLetter('seven')
    ctx.emit('out', `${record.value * 2}`)
  },
})

it('the counters of a pod equal what really happened', async () => {
  const metrics = counting()
  await using kit = await testTopology(graphOf(double))
  await kit.send('in', ...recordsOf(1, 20))
  await kit.settle()
  // The ends come from the simulated log, whose time is the kit's.
  const scraping = metrics.scrape()
  await kit.advance('2s')
  const { text, contentType } = await scraping
  expect(contentType).toContain('text/plain')
  const series = seriesOf(text)
  expect(series.get('caudal_records_in_total{stage="double"}')).toBe(20)
  expect(series.get('caudal_records_out_total{stage="double"}')).toBe(20)
  expect(series.get('caudal_records_dead_total{stage="double"}')).toBe(1)
  expect(series.get('caudal_topic_records_written_total{topic="out"}')).toBe(19)
  expect(series.get('caudal_topic_records_written_total{topic="app.dead-letters"}')).toBe(1)
  expect(series.get('caudal_record_failures_total{stage="double",code="REJECTED",action="deadLetter"}')).toBe(
    1,
  )
  expect(series.get('caudal_source_lag_records{stage="double",topic="in"}')).toBe(0)
  expect(series.get('caudal_limit_session_timeout_seconds')).toBe(10)
})

it('lag counts readable records: those that are not done, and the share ahead that is no marker', async () => {
  const metrics = counting()
  const figures = new PodMetrics()
  const place = { stage: 's', topic: 't', partition: 0, position: 100, unfinished: 3, density: 0.5 }
  figures.sources = [place, { ...place, partition: 1, unfinished: 0 }]
  pod(figures, index => (index === 0 ? 140 : 100))
  const { text } = await metrics.scrape()
  expect(valuesOf(text, 'caudal_source_lag_records')).toEqual([3 + 20])
})

it('a log that does not answer costs a scrape the fresh ends of topics and nothing else', async () => {
  const metrics = counting()
  const figures = new PodMetrics()
  figures.sources = [{ stage: 's', topic: 't', partition: 0, position: 5, unfinished: 2, density: 1 }]
  const ends = () => Promise.reject(new CaudalError('LOG_UNAVAILABLE', { reason: 'away' }))
  publish('caudal:pod:started', {
    pod: 'one:1:a',
    name: 'one',
    application: 'app',
    limits: DEFAULT_LIMITS,
    metrics: () => figures,
    ends,
  })
  await metrics.scrape()
  const { text } = await metrics.scrape()
  expect(valuesOf(text, 'caudal_source_lag_records')).toEqual([2])
  expect(valuesOf(text, 'caudal_scrape_failures_total')).toEqual([2])
})

it('the metrics report durations in seconds', async () => {
  const metrics = counting()
  const figures = new PodMetrics()
  figures.uncommittedAgeMs = 1_500
  figures.commitMs.add(7)
  figures.stage('s').idleMs = 250
  pod(figures)
  const series = seriesOf((await metrics.scrape()).text)
  expect(series.get('caudal_uncommitted_age_seconds')).toBe(1.5)
  expect(series.get('caudal_stage_idle_seconds_total{stage="s"}')).toBe(0.25)
  expect(series.get('caudal_commit_duration_seconds_bucket{le="0.005"}')).toBe(0)
  expect(series.get('caudal_commit_duration_seconds_bucket{le="0.01"}')).toBe(1)
  expect(series.get('caudal_commit_duration_seconds_sum')).toBe(0.007)
})

it('calls, tokens and costs come from the events of models, with the host alone as provider', async () => {
  const metrics = counting()
  const provider = 'https://user:secret@models.example/v1'
  publish('caudal:model:call', {
    provider,
    model: 'm',
    durationMs: 300,
    firstTextMs: 80,
    errorType: undefined,
  })
  publish('caudal:model:call', { provider, model: 'm', durationMs: 90, errorType: 'rate_limit' })
  publish('caudal:model:breaker', { provider, trouble: 'outage', isOpen: true, reason: 'away' })
  publish('caudal:model:breaker', { provider, trouble: 'outage', isOpen: false, reason: undefined })
  const bought = { model: 'm-1', taskType: 'qa', organization: 'acme', promptTokens: 10, completionTokens: 4 }
  publish('caudal:model:bought', { ...bought, costUsd: 0.5 })
  publish('caudal:model:bought', { ...bought, costUsd: undefined })
  metrics.watch([
    { name: provider, figures: () => ({ limit: 9, inFlight: 2, waiting: 1, breakerOpen: true }) },
  ])
  const { text } = await metrics.scrape()
  const series = seriesOf(text)
  expect(text).not.toContain('secret')
  expect(series.get('caudal_model_calls_total{model="m",outcome="ok"}')).toBe(1)
  expect(series.get('caudal_model_calls_total{model="m",outcome="rate_limit"}')).toBe(1)
  expect(series.get('caudal_model_call_duration_seconds_count{provider="models.example"}')).toBe(2)
  // Of the two calls one was streamed.
  expect(series.get('caudal_model_first_token_seconds_count{provider="models.example"}')).toBe(1)
  expect(series.get('caudal_model_first_token_seconds_sum{provider="models.example"}')).toBe(0.08)
  expect(series.get('caudal_model_breaker_openings_total{provider="models.example",trouble="outage"}')).toBe(
    1,
  )
  expect(series.get('caudal_model_breaker_open{provider="models.example"}')).toBe(1)
  expect(series.get('caudal_model_concurrency_limit{provider="models.example"}')).toBe(9)
  expect(series.get('caudal_model_tokens_total{model="m-1",type="prompt"}')).toBe(20)
  expect(series.get('caudal_cost_usd_total{model="m-1",task_type="qa"}')).toBe(0.5)
  expect(series.get('caudal_unpriced_calls_total{model="m-1"}')).toBe(1)
  expect(series.get('caudal_organization_cost_usd_total{organization="acme"}')).toBe(0.5)
})

it('the connections of all pools are added up, and a process without a database has no such series', async () => {
  const metrics = counting()
  expect((await metrics.scrape()).text).not.toMatch(/^caudal_database/m)
  const pool = { limit: 8, used: 3, idle: 2, waiting: 5 }
  metrics.watch([], [{ figures: () => pool }, { figures: () => ({ ...pool, waiting: 0 }) }])
  const series = seriesOf((await metrics.scrape()).text)
  expect(series.get('caudal_database_connections{state="used"}')).toBe(6)
  expect(series.get('caudal_database_connections{state="idle"}')).toBe(4)
  expect(series.get('caudal_database_connections_limit')).toBe(16)
  expect(series.get('caudal_database_statements_waiting')).toBe(5)
})

it('a pod of 15 stages with 500 organisations and 60 models stays below the limit in every scrape', async () => {
  const metrics = counting()
  const figures = new PodMetrics()
  for (let n = 0; n < 15; n++) figures.stage(`stage-${n}`)
  pod(figures)
  const scrapes: number[] = []
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 500; n++) spend(n)
    const { text } = await metrics.scrape()
    expect(valuesOf(text, 'caudal_scrape_series_refused')).toEqual([0])
    scrapes.push(seriesOf(text).size)
  }
  expect(scrapes[0]).toBeLessThan(SERIES_MAX)
  expect(new Set(scrapes).size).toBe(1)
})

function spend(n: number): void {
  const model = `model-${n % 60}`
  const taskType = `type-${n % 5}`
  publish('caudal:model:call', { provider: 'p', model, durationMs: 5, errorType: undefined })
  publish('caudal:model:bought', {
    model,
    taskType,
    organization: `org-${n}`,
    promptTokens: 1,
    completionTokens: 1,
    costUsd: 0.01,
  })
  const scores = { exactness: 7, completeness: 8, clarity: 9, concision: 6, usefulness: 5 }
  publish('caudal:answer:judged', { taskType, promptVersion: 'v1', scores, final: 7, outcome: 'passed' })
  publish('caudal:answer:delivered', {
    taskType,
    belowThreshold: false,
    attempts: 1,
    costUsd: 0.01,
    tookMs: 900,
  })
}

it('two scrapes at the same time are one', async () => {
  const metrics = counting()
  let asked = 0
  const figures = new PodMetrics()
  publish('caudal:pod:started', {
    pod: 'one:1:a',
    name: 'one',
    application: 'app',
    limits: DEFAULT_LIMITS,
    metrics: () => {
      asked++
      return figures
    },
    ends: async () => [],
  })
  const [first, second] = await Promise.all([metrics.scrape(), metrics.scrape()])
  expect(first).toBe(second)
  expect(asked).toBe(1)
})

it('a pod has one series of its own, whichever start it is', async () => {
  const metrics = counting()
  pod(new PodMetrics())
  const { text } = await metrics.scrape()
  const info = `caudal_pod_info{application="app",pod_name="one",node="${process.version}"}`
  expect(seriesOf(text).get(info)).toBe(1)
})

it('a reader takes no figure of the event loop from the next one', async () => {
  const metrics = counting()
  const slowest = async () =>
    seriesOf((await metrics.scrape()).text).get('caudal_event_loop_delay_seconds{percentile="100"}')
  await held(100, slowest)
  expect(await slowest()).toBeGreaterThan(0.05)
})

it('figures of the event loop forget what is two minutes old', async () => {
  let now = 0
  const metrics = counting({ ...realSystem, monotonic: () => now })
  const slowest = async () =>
    seriesOf((await metrics.scrape()).text).get('caudal_event_loop_delay_seconds{percentile="100"}') ?? 0
  await held(500, slowest)
  now = 60_000
  const [first, second] = [await slowest(), await slowest()]
  expect(Math.min(first, second)).toBeGreaterThan(0.4)
  now = 120_000
  await slowest()
  expect(await slowest()).toBeLessThan(first)
})

/** Keeps the event loop from coming round until that is seen; the first look of a monitor sees nothing. */
async function held(ms: number, slowest: () => Promise<number | undefined>): Promise<void> {
  const look = async () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    expect(await slowest()).toBeGreaterThan((ms * 0.8) / 1_000)
  }
  await vi.waitFor(look, { timeout: 20_000 })
}

describe('docs/metrics.md', () => {
  const all = Object.values(METRIC_TABLE).flat()

  it('lists each metric once, by the rules of Prometheus', () => {
    expect(new Set(all.map(({ metric }) => metric)).size).toBe(all.length)
    for (const { metric, kind, labels } of all) {
      expect(metric).toMatch(/^(caudal|process|nodejs|http|grpc|cache)_[a-z_]+$/)
      expect(metric.endsWith('_total'), metric).toBe(kind === 'counter')
      expect(labels, `${metric}: Prometheus keeps these labels for itself`).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(quantile|le|pod|job|instance)$/)]),
      )
      expect(metric, 'units are seconds and bytes').not.toMatch(/_(ms|millis|kb|mb)(_|$)/)
    }
  })

  it('is made from the table', async () => {
    await expect(page()).toMatchFileSnapshot('../../../../docs/metrics.md')
  })

  it('names every series that a scrape brings', async () => {
    const metrics = counting()
    for (let n = 0; n < 2; n++) spend(n)
    pod(new PodMetrics())
    const { text } = await metrics.scrape()
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(names.filter(name => !all.some(({ metric }) => metric === name))).toEqual([])
  })
})

function page(): string {
  const sections = Object.entries(METRIC_TABLE).map(([title, rows]) =>
    [
      `## ${title}`,
      '',
      '| metric | kind | labels | meaning |',
      '| --- | --- | --- | --- |',
      ...rows.map(({ metric, kind, labels, description }) => {
        const named = labels.map(label => `\`${label}\``).join(', ')
        return `| \`${metric}\` | ${kind} | ${named} | ${description} |`
      }),
    ].join('\n'),
  )
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`
}

const INTRODUCTION = `# Metrics

A pod serves its metrics at GET /metrics, on the host and port of its [probes](configuration.md), as Prometheus reads them. The tables are made from the code; a test compares them.

- Units are seconds, bytes and records.
- The numbers of the engine are plain fields that are read when Prometheus scrapes. Nothing is observed per record.
- Labels have few values. Models beyond the first 40 share the value \`other\`, and so do organisations but for the 20 that cost most.
- A scrape has at most ${SERIES_MAX.toLocaleString('en')} series. Those beyond are left out, and \`caudal_scrape_series_refused\` counts them.
- Counters of answers count runs of operators. A run that is repeated after a crash counts again. \`caudal_topic_records_written_total\` counts commits, and is exact.
- \`caudal_source_lag_records\` counts records, not offsets. Transaction markers take offsets that no reader is given, and an offset lag never falls to zero.
- The three times of a stage, busy, back-pressured and idle, add up to the time that its tasks ran. They are Flink's three shares.
- The limits of the engine are gauges too, so that a chart can show a number against its bound.`
