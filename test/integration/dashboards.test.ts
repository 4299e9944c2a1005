/** Every panel has data after a run with faults: the queries of the dashboards, asked of a real Prometheus. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { committedDashboards, filledIn } from '#deploy/grafana/committed.ts'
import { queriedRange } from '#deploy/grafana/prometheus.ts'
import { configurationOf } from '#deploy/local/prometheus.ts'
import { freePort } from './free-port.ts'

const ROOT = join(import.meta.dirname, '../..')
const FEEDS = 4
const QUESTIONS = 40
/** A rate needs two scrapes. */
const WINDOW = '30s'
const WITHIN_MS = 90_000

const folder = mkdtempSync(join(tmpdir(), 'caudal-dashboards-'))
const children: ChildProcess[] = []
const prometheus = { port: 0, url: '' }
const pod = { port: 0, url: '' }

beforeAll(async () => {
  prometheus.port = await freePort()
  pod.port = await freePort()
  prometheus.url = `http://127.0.0.1:${prometheus.port}`
  pod.url = `http://127.0.0.1:${pod.port}`
  const prices = join(folder, 'prices.json')
  writeFileSync(prices, '{"simulated": {"prompt": 0.15, "completion": 0.6}}')
  const environment = { DATA_DIR: folder, PORT: `${pod.port}`, LLM_PRICES: prices, POD_NAME: 'pod' }
  start(process.execPath, ['cli/caudal.ts', 'run'], environment)
  await until(async () => (await fetch(`${pod.url}/ready`)).status === 200)
  const scraping = { scrapeInterval: '1s', pods: [`127.0.0.1:${pod.port}`] }
  writeFileSync(join(folder, 'prometheus.yml'), configurationOf(join(folder, 'targets'), scraping))
  start('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${prometheus.port}`,
  ])
  await until(async () => (await value('sum(caudal_tasks)')) > 0)
  for (let round = 0; round < FEEDS; round++) await feed(round)
  await until(async () => (await value('sum(caudal_source_lag_records)')) === 0)
}, 170_000)

afterAll(async () => {
  await Promise.all(children.map(end))
  rmSync(folder, { recursive: true, force: true })
})

const panels = committedDashboards().flatMap(({ uid, panels }) =>
  panels.filter(({ targets }) => targets).map(panel => ({ name: `${uid}, ${panel.title}`, panel })),
)

it.each(panels)('every panel of $name has data, and only numbers', async ({ panel }) => {
  const end = Date.now() / 1_000
  for (const { expr, legendFormat } of panel.targets ?? []) {
    const range = { start: end - 120, end, stepSeconds: 5 }
    const lines = await queriedRange(prometheus.url, filledIn(expr, WINDOW), legendFormat, range)
    const values = lines.flatMap(({ points }) => points.map(([, value]) => value))
    expect(values.length, expr).toBeGreaterThan(0)
    expect(
      values.filter(each => !Number.isFinite(each)),
      expr,
    ).toEqual([])
  }
})

it('the counters of a run agree with the events that were put in', async () => {
  const taken = await value('sum(caudal_records_in_total{stage="ingest"})')
  expect(taken).toBe(FEEDS * (QUESTIONS + 1))
  const delivered = await value('sum(caudal_topic_records_written_total{topic="datos_procesados"})')
  const failed = await value('sum(caudal_topic_records_written_total{topic="llm.failed"})')
  expect(delivered + failed).toBe(taken)
  expect(await value('sum(caudal_answers_delivered_total)')).toBe(delivered)
  expect(await value('sum(caudal_cost_usd_total)')).toBeGreaterThan(0)
})

async function feed(round: number): Promise<void> {
  const types = ['qa', 'summarization', 'sentiment', 'moderation']
  const questions = Array.from({ length: QUESTIONS }, (_, n) =>
    JSON.stringify({
      id: `${round}-${n}`,
      task_type: types[n % types.length],
      title: `What is part ${n} of machine ${round} for?`,
      content: 'It is a part of a machine.',
      best_answer: 'It holds the shaft.',
      organization_id: `org-${n % 25}`,
    }),
  )
  const input = join(folder, `feed-${round}.ndjson`)
  writeFileSync(input, [...questions, '{"title": 7}', ''].join('\n'))
  execFileSync(process.execPath, ['cli/caudal.ts', 'produce', input], {
    cwd: ROOT,
    env: { ...process.env, DATA_DIR: folder },
  })
  const taken = (round + 1) * (QUESTIONS + 1)
  await until(async () => (await value('sum(caudal_records_in_total{stage="ingest"})')) >= taken)
}

async function value(expr: string): Promise<number> {
  const response = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query: expr })}`)
  const { data } = JSON.parse(await response.text())
  return Number(data?.result?.[0]?.value?.[1] ?? 0)
}

function start(
  command: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): void {
  const env = { ...process.env, ...environment }
  children.push(spawn(command, [...words], { cwd: ROOT, env, stdio: 'ignore' }))
}

function end(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    if (child.exitCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

/** Asks again and again, in turns of the event loop, until it is so. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const began = performance.now()
  while (!(await condition().catch(() => false))) {
    if (performance.now() - began > WITHIN_MS) throw new TypeError(`not so within ${WITHIN_MS} ms`)
    await pause(200)
  }
}
