/** The console for every reader: by axe, on narrow screens, and with texts that try to do something. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOSTILE, overflowOf, type Stand, startStand } from './console-stand.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand()
})
afterAll(() => stand?.[Symbol.asyncDispose]())

const PAGES = [
  'flow',
  'ask',
  'questions',
  'money',
  'versions',
  'failures',
  'topics',
  'state',
  'pods',
  'brakes',
] as const

/** What axe finds, a line each. */
const RUN_AXE = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 200)).join(' | ')))`

const hostileTopics = (text: string): object => ({
  topics: [
    {
      ...{ topic: text, kind: text, compacted: true, offsets_max: 1 },
      ...{ partitions: [{ partition: 0, first: 0, next: 1 }], readers: [{ stage: text, lag: 1 }] },
    },
  ],
})

/** Pages whose texts come from others, with what they ask for answered by a text. */
const hostileAnswers = (text: string): Readonly<Record<string, object>> => {
  const group = {
    ...{
      group: 'g',
      kind: 'dead',
      node: text,
      code: text,
      likeness: text,
      count: 1,
      lately: 1,
      can_replay: true,
    },
    ...{ first_at: '2026-01-01T00:00:00Z', last_at: '2026-01-01T00:00:00Z' },
  }
  const failure = {
    id: text,
    failed_at: '2026-01-01T00:00:00Z',
    reason: text,
    attempts: 1,
    detail: { stack: text, text },
  }
  return {
    '/brakes': {
      brakes: [{ scope: `model:${text}`, reason: text, who: text, since: '2026-01-01T00:00:00Z' }],
    },
    '/failures': { groups: [group], total: 1, left_out: 0 },
    '/failures/g': { group, failures: [failure] },
    '/failures/replays': {
      replays: [
        {
          id: 'r',
          state: 'broken',
          total: 2,
          sent: 1,
          per_second: 1,
          started_at: '2026-01-01T00:00:00Z',
          reason: text,
        },
      ],
    },
    '/workers': {
      workers: [
        {
          pod: text,
          version: text,
          phase: text,
          tasks: [{ name: text, phase: text, blocked_by: text }],
          stages: [{ stage: text, in_flight: 1, in_flight_max: 1, lag: 1, oldest_waiting_ms: 1 }],
          in_flight: 1,
          lag: 1,
          heard_ago_ms: 1,
        },
      ],
    },
    '/versions': hostileVersions(text),
    '/versions/compare': hostileComparison(text),
    '/topics': hostileTopics(text),
    '/costs': {
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-02T00:00:00Z',
      costs: [{ key: text, calls: 1, tokens: 1, usd: 1, usd_undelivered: 0, unpriced: 0 }],
    },
  }
}

const MEAN = { mean: 5, interval: [4, 6] }
const marksOf = (mark: unknown) =>
  Object.fromEntries(
    ['final', 'exactness', 'completeness', 'clarity', 'concision', 'usefulness'].map(name => [name, mark]),
  )

function hostileVersions(text: string): object {
  const version = (prompt_version: string) => ({
    ...{ task_type: text, prompt_version, model: text, answers: 1, few: true, attempts: MEAN },
    ...{ first_at: '2026-01-01T00:00:00Z', last_at: '2026-01-02T00:00:00Z' },
    marks: marksOf({ ...MEAN, bins: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0] }),
    below_threshold: { count: 0, share: 0, interval: [0, 0.5] },
    cost_usd: { ...MEAN, total: 5, unpriced: 0 },
    latency_ms: { ...MEAN, p50: 1, p95: 1 },
  })
  const versions = [version(text), version(`${text} 2`)]
  const slices = versions.map((each, slice) => ({ ...each, slice }))
  return {
    ...{ from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z', versions, more: false },
    live: { from: '2026-01-01T00:00:00Z', width_ms: 1_000, slices },
  }
}

function hostileComparison(text: string): object {
  const answer = { task_id: text, title: text, answer: text, final: 5, scores: marksOf(5) }
  const known = (more: string) => ({ known: true, settings: { system: text + more } })
  return {
    ...{ from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' },
    together: {
      ...{ pairs: 1, few: true, better: 0, worse: 1, same: 0, unpriced: 0 },
      ...{ change: marksOf(MEAN), cost_change_usd: MEAN },
    },
    pairs: [{ id: 'p', organization: text, change: -1, a: answer, b: { ...answer, answer: `${text}!` } }],
    texts: { a: known(''), b: known('!') },
  }
}

describe('a hostile text on these pages', () => {
  it.each(
    [...HOSTILE, `${'x'.repeat(5_000)} ${'=1+1 '.repeat(10)}`].map((text, index) => [index, text] as const),
  )('runs nothing and breaks nothing: text %i', async (_, text) => {
    const answers = hostileAnswers(text)
    await using opened = await stand.open('#/ask', { viewport: { width: 380, height: 800 } })
    const { page, complaints } = opened
    await page.route(
      ({ pathname }) => Object.hasOwn(answers, pathname),
      route => route.fulfill({ json: answers[new URL(route.request().url()).pathname] }),
    )
    for (const hash of [
      '#/brakes',
      '#/money?by=model',
      '#/versions',
      '#/failures',
      '#/failures/g',
      '#/topics',
      '#/pods',
    ]) {
      await page.goto(page.url().replace(/#.*/, hash))
      await page.getByText(text.slice(0, 5)).nth(1).waitFor()
      expect(await page.locator('main script, main img, main iframe').count()).toBe(0)
      expect([hash, await overflowOf(page)]).toEqual([hash, 0])
      expect(complaints).toEqual([])
    }
  })
})

const settled = (page: Page, name: string) =>
  name === 'flow' ? page.locator('.river').waitFor() : page.getByRole('heading', { level: 1 }).waitFor()

describe('the console for every reader', () => {
  it.each(
    (['light', 'dark'] as const).flatMap(theme =>
      (['en-US', 'es-ES'] as const).map(locale => [theme, locale] as const),
    ),
  )('has no fault that axe knows: each page in %s and %s', async (colorScheme, locale) => {
    const id = await stand.ask({ title: 'Is every page for every reader?' })
    await stand.fetched('/brakes/model:other', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'seen on every page' }),
    })
    const found = (await stand.fetched('/failures')) as { groups: readonly { group: string }[] }
    const hashes = [
      ...PAGES,
      `question/${id}`,
      `failures/${found.groups[0]?.group}`,
      'topics/datos_procesados',
      `state?operator=admit&key=${id}`,
      'nowhere',
    ]
    await using opened = await stand.open('#/ask', { colorScheme, locale })
    const { page } = opened
    for (const name of hashes) {
      await page.goto(page.url().replace(/#.*/, `#/${name}`))
      await settled(page, name)
      await page.getByRole('link', { name: /All brakes|Todos los frenos/ }).waitFor()
      await page.evaluate(axe.source)
      const violations = await page.evaluate(RUN_AXE)
      expect([name, violations]).toEqual([name, []])
    }
    await stand.fetched('/brakes/model:other', {
      method: 'DELETE',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'seen' }),
    })
  })

  it.each(['brakes', 'money', 'versions', 'failures', 'topics', 'topics/datos_procesados', 'state', 'pods'])(
    'fits a narrow screen: %s',
    async name => {
      await using opened = await stand.open(`#/${name}`, { viewport: { width: 380, height: 800 } })
      const { page } = opened
      await page.getByRole('heading', { level: 1 }).waitFor()
      expect(await overflowOf(page)).toBe(0)
    },
  )
})
