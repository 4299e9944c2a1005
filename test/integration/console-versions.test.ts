/** The page of prompt versions, by what a person sees: two versions of a real pipeline that answer the same questions. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startCaudal } from '../cli/process.ts'
import { USAGE, VERDICT } from '../cli/provider.ts'
import { type Stand, startStand } from './console-stand.ts'

const PATIENCE = { timeout: 60_000, interval: 500 }
const QUESTIONS = ['What is a fuse for?', 'What is a relay for?', 'What is a coil for?']
const PROMPT = 'Reply tersely.'

let folder: string
let provider: Server
let stand: Stand
/** The version under the change. */
let changed = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-compared-'))
  provider = createServer(answerByPrompt)
  await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve))
  const { port } = provider.address() as AddressInfo // It listens on TCP, where an address is always this.
  stand = await startStand([], {
    ...{ OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'none', LLM_MODEL: 'gpt-4o-mini' },
    ...{ MAX_ATTEMPTS: '1', CONSOLE: 'operate' },
  })
  for (const title of QUESTIONS) await stand.ask({ title })
  const change = join(folder, 'change.json')
  writeFileSync(change, JSON.stringify({ system: PROMPT }))
  const { code, stderr } = await startCaudal(['config', 'set', 'qa', change], { DATA_DIR: stand.folder })
    .ended
  expect([code, stderr]).toEqual([0, ''])
  for (const title of QUESTIONS)
    await vi.waitFor(async () => {
      const id = await stand.ask({ title, fresh: true })
      const { result } = (await stand.fetched(`/task/${id}`)) as { result?: { prompt_version: string } }
      expect(result?.prompt_version).toMatch(/^1\+1\./)
      changed = result?.prompt_version ?? ''
    }, PATIENCE)
  await vi.waitFor(async () => {
    const { together } = await stand.fetched(
      `/versions/compare?task_type=qa&a=1&b=${encodeURIComponent(changed)}`,
    )
    expect(together).toMatchObject({ pairs: QUESTIONS.length })
  }, PATIENCE)
})
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]()
  provider?.closeAllConnections()
  provider?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Who is asked for one word gives one, and is judged by it. */
const answerByPrompt: NonNullable<Parameters<typeof createServer>[1]> = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    const text = Buffer.concat(chunks).toString()
    const lower = VERDICT.replaceAll('9', '7')
    const verdict = text.includes('Current.') ? lower : VERDICT
    const reply = text.includes(PROMPT) ? 'Current.' : 'It guards the current of a circuit.'
    const content = text.includes('usefulness') ? verdict : reply
    const choice = { message: { content }, finish_reason: 'stop' }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ model: 'gpt-4o-mini', choices: [choice], usage: USAGE }))
  })
}

/** What axe finds, a line each. */
const RUN_AXE = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 200)).join(' | ')))`

const comparison = (page: Page) => page.getByRole('region', { name: 'Comparison' })

describe('the page of versions', () => {
  it('shows both with their figures, and warns that they are few', async () => {
    await using opened = await stand.open('#/versions')
    const { page, complaints } = opened
    const row = page.getByRole('row', { name: /1\+1\.[0-9a-f]{8} gpt-4o-mini/ }).first()
    await row.getByText('few answers').waitFor()
    await row.getByText('7.00').first().waitFor()
    await row.getByRole('img', { name: /Score, how many answers from point to point:.*7–8: \d/ }).waitFor()
    await page.getByText('By criterion').press('Enter')
    await page.getByRole('columnheader', { name: 'Usefulness' }).waitFor()
    await page.getByRole('region', { name: 'Which was live when' }).getByText(changed).waitFor()
    expect(complaints).toEqual([])
  })

  it('compares the newest with the one before: in a sentence, by its prompt, and question by question', async () => {
    await using opened = await stand.open('#/versions')
    const { page, complaints } = opened
    await comparison(page)
      .getByText(
        `On the same 3 questions ${changed} and 1 differ by -2.00 on average, without an interval: too few`,
      )
      .waitFor()
    await comparison(page).getByText('Only 3 questions were answered by both.').waitFor()
    await comparison(page).getByText('B answered 0 better, 3 worse and 0 the same').waitFor()
    await comparison(page).getByText('System prompt', { exact: true }).first().waitFor()
    await comparison(page).getByRole('insertion').filter({ hasText: PROMPT }).waitFor()
    const pairs = page.getByRole('list', { name: 'Question by question, the worst change first' })
    expect(await pairs.getByRole('listitem').count()).toBe(QUESTIONS.length)
    const first = pairs.getByRole('listitem').filter({ hasText: QUESTIONS[0] ?? '' })
    await first.getByRole('deletion').filter({ hasText: 'It guards the' }).waitFor()
    await first.getByRole('insertion').filter({ hasText: 'Current.' }).waitFor()
    await first.getByRole('link', { name: /^B: the whole path of What is a fuse/ }).click()
    await page.getByRole('region', { name: 'The end' }).getByText('Current.').waitFor()
    expect(complaints).toEqual([])
  })

  it('compares the other way round by keyboard, keeps that in the address, and speaks Spanish', async () => {
    await using opened = await stand.open('#/versions', { locale: 'es-ES' })
    const { page, complaints } = opened
    const named = new URLSearchParams({
      a: JSON.stringify([changed, 'gpt-4o-mini']),
      b: '["1","gpt-4o-mini"]',
    })
    await page.goto(page.url().replace(/#.*/, `#/versions?${named}`))
    await page.getByText(`En las mismas 3 preguntas 1 y ${changed} difieren en +2,00 de media`).waitFor()
    expect(await page.getByRole('radio', { name: 'Comparar la versión 1 de gpt-4o-mini' }).isChecked()).toBe(
      true,
    )
    await page.getByLabel('Tiempo').focus()
    await page.getByLabel('Tiempo').selectOption('all')
    await page.getByText(`En las mismas 3 preguntas 1 y ${changed} difieren`).waitFor()
    expect(new URL(page.url()).hash).toContain('range=all')
    expect(complaints).toEqual([])
  })

  it('says that there is nothing where no answer is, and shows figures while the comparison is away', async () => {
    await using opened = await stand.open('#/versions?organization=nobody')
    const { page } = opened
    await page.getByText('No answer was delivered in this time.').waitFor()
    let isAway = true
    await page.route('**/versions/compare?*', async route => {
      if (!isAway) return route.continue()
      const json = { code: 'store_unavailable', title: 'The database does not answer.' }
      return route.fulfill({ status: 503, contentType: 'application/problem+json', json })
    })
    await page.goto(page.url().replace(/#.*/, '#/versions'))
    await comparison(page).getByRole('alert').getByText('The database does not answer.').waitFor()
    await page
      .getByRole('row', { name: `${changed} gpt-4o-mini` })
      .first()
      .waitFor()
    isAway = false
    await comparison(page).getByRole('button', { name: 'Try again' }).press('Enter')
    await comparison(page).getByText('On the same 3 questions').waitFor()
  })

  it('keeps what it knew when the gateway answers no more, and says how old it is', async () => {
    await using opened = await stand.open('#/versions', {})
    const { page } = opened
    await page.clock.install()
    await page.reload()
    await comparison(page).getByText('On the same 3 questions').waitFor()
    await page.route('**/versions?*', route => route.abort())
    await page.clock.runFor(61_000)
    await page.getByRole('alert').getByText('The gateway does not answer.').waitFor()
    await page
      .getByRole('row', { name: `${changed} gpt-4o-mini` })
      .first()
      .waitFor()
    await page.clock.runFor(20_000)
    await page.getByText(/As of 1 min( \d+ s)? ago/).waitFor()
  })

  it('says which is better where the pairs are many and the interval is on one side of 0', async () => {
    await using opened = await stand.open('#/versions')
    const { page } = opened
    await page.route('**/versions/compare?*', async route => {
      const body = await (await route.fetch()).json()
      Object.assign(body.together, { pairs: 60, few: false, worse: 60 })
      body.together.change.final = { mean: -0.5, interval: [-0.9, -0.1] }
      await route.fulfill({ json: body })
    })
    await page.reload()
    await comparison(page)
      .getByText(`${changed} scores lower than 1: -0.50 on average, with 95 % from -0.90 to -0.10`)
      .waitFor()
    expect(
      await comparison(page)
        .getByText(/say little/)
        .count(),
    ).toBe(0)
  })

  it('makes the earlier version live once a reason and the task type are typed in', async () => {
    await using opened = await stand.open('#/versions')
    const { page, complaints } = opened
    await comparison(page).getByText(`Live now: ${changed}.`).waitFor()
    await comparison(page).getByText('Make version 1 live …').press('Enter')
    const form = page.getByRole('form', { name: 'Make it live' })
    const act = form.getByRole('button', { name: 'Make it live' })
    await page.evaluate(axe.source)
    expect(await page.evaluate(RUN_AXE)).toEqual([])
    await form.getByLabel('Reason, for the record').fill('it scored higher')
    await form.getByLabel(/^To confirm, type/).fill('q')
    expect(await act.isDisabled()).toBe(true)
    await form.getByLabel(/^To confirm, type/).fill('qa')
    await act.press('Enter')
    await page.getByText('Version 1 is live: it asks with what 1 asked with.').waitFor()
    await comparison(page).getByText('Live now: 1.').waitFor()
    await vi.waitFor(async () => {
      const id = await stand.ask({ title: QUESTIONS[0], fresh: true })
      const { result } = (await stand.fetched(`/task/${id}`)) as { result?: { prompt_version: string } }
      expect(result?.prompt_version).toBe('1')
    }, PATIENCE)
    expect(complaints).toEqual([])
  })

  it('shows a price that is not known by name', async () => {
    await using opened = await stand.open('#/versions')
    const { page } = opened
    await page.route('**/versions?*', async route => {
      const body = await (await route.fetch()).json()
      for (const each of body.versions) each.cost_usd = { unpriced: each.answers }
      await route.fulfill({ json: body })
    })
    await page.reload()
    const row = page.getByRole('row', { name: `${changed} gpt-4o-mini` }).first()
    await row.getByText('price not known').waitFor()
    await row.getByText(/\d without a price/).waitFor()
  })
})
