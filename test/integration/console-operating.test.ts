/** The pages of the console that look after a pipeline: brakes, money, failures, pods, by what a person sees. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { USAGE, VERDICT } from '../cli/provider.ts'
import { type Stand, startStand } from './console-stand.ts'

const PATIENCE = { timeout: 60_000 }

let folder: string
let provider: Server
let stand: Stand
/** Whether replies are cut: paid for, and of no use. */
let isCut = false
let calls = 0
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-operating-'))
  const input = join(folder, 'questions.ndjson')
  writeFileSync(input, '{"id": "first", "title": "What is a fuse for?"}\n{"id": "broken", "title": 7}\n')
  provider = createServer(answerBy(() => isCut))
  await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve))
  const { port } = provider.address() as AddressInfo // It listens on TCP, where an address is always this.
  stand = await startStand(['--input', input], {
    ...{ OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'none', LLM_MODEL: 'gpt-4o-mini' },
    ...{ MAX_ATTEMPTS: '1', CONSOLE: 'operate' },
  })
})
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]()
  provider?.closeAllConnections()
  provider?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A model whose name says that no price is known answers texts about mysteries. */
function answerBy(cut: () => boolean): NonNullable<Parameters<typeof createServer>[1]> {
  return (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      calls += 1
      const text = Buffer.concat(chunks).toString()
      const isJudge = text.includes('usefulness')
      const model = text.includes('mystery') ? 'mystery-1' : 'gpt-4o-mini'
      const choice = {
        message: { content: isJudge ? VERDICT : 'So.' },
        finish_reason: cut() && !isJudge ? 'length' : 'stop',
      }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ model, choices: [choice], usage: USAGE }))
    })
  }
}

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

describe('the page of brakes', () => {
  it('stops calls once the scope is typed, shows the brake on every page, and releases it, all by keyboard', async () => {
    await using opened = await stand.open('#/brakes')
    const { page, complaints } = opened
    await page.getByText('No brake is set: every call may go.').waitFor()
    const act = page.getByRole('button', { name: 'Stop the calls' })
    await page.getByLabel('Reason, for all who see it').focus()
    await page.keyboard.type('the bill of today')
    expect(await act.isDisabled()).toBe(true)
    await page.keyboard.press('Tab')
    await page.keyboard.type('everythin')
    expect(await act.isDisabled()).toBe(true)
    await page.keyboard.type('g')
    await page.keyboard.press('Enter')
    await page.getByText(/The brake is set on: everything/).waitFor()
    const before = calls
    const id = await stand.ask({ title: 'Why does a brake squeal?' }, '2s')
    expect(calls).toBe(before)
    for (const name of PAGES) {
      await page.goto(page.url().replace(/#.*/, `#/${name}`))
      await page.getByText('Calls of models are stopped.').waitFor()
      await page
        .getByText(/the bill of today/)
        .first()
        .waitFor()
    }
    await page.goto(page.url().replace(/#.*/, '#/flow'))
    await page.getByText('A brake on everything stops new calls: the bill of today').waitFor()
    await page.getByRole('link', { name: 'All brakes' }).click()
    await page.getByRole('button', { name: 'Let go …' }).press('Enter')
    await page.getByLabel('Reason, for all who see it').fill('paid')
    await page.getByLabel(/^To confirm, type/).fill('everything')
    await page.getByRole('button', { name: 'Let the calls go' }).press('Enter')
    await page.getByText(/The brake is released on: everything/).waitFor()
    await page.getByText('Calls of models are stopped.').waitFor({ state: 'detached' })
    await vi.waitFor(
      async () => expect((await stand.fetched(`/task/${id}`)).state).toBe('delivered'),
      PATIENCE,
    )
    expect(complaints).toEqual([])
  })

  it('shows in Spanish a brake on a model with a slash, which ends by itself', async () => {
    await using opened = await stand.open('#/brakes', { locale: 'es-ES' })
    const { page, complaints } = opened
    await page.getByLabel('Sobre qué').selectOption('model')
    await page.getByLabel('Nombre').fill('meta/llama 3')
    await page.getByLabel('Termina solo').selectOption({ label: 'en 15 minutos' })
    await page.getByLabel('Motivo, para todos los que lo vean').fill('caro')
    await page.getByLabel(/^Para confirmar, escriba/).fill('model:meta/llama 3')
    await page.getByRole('button', { name: 'Detener las llamadas' }).click()
    await page.getByText(/El freno está puesto sobre: modelo meta\/llama 3/).waitFor()
    const { brakes } = await stand.fetched('/brakes')
    expect(brakes).toMatchObject([{ scope: 'model:meta/llama 3', reason: 'caro', until: expect.any(String) }])
    await page.getByRole('button', { name: 'Soltar …' }).click()
    await page.getByLabel('Motivo, para todos los que lo vean').fill('ya')
    await page.getByLabel(/^Para confirmar, escriba/).fill('model:meta/llama 3')
    await page.getByRole('button', { name: 'Dejar salir las llamadas' }).click()
    await page.getByText(/El freno se soltó sobre/).waitFor()
    expect(complaints).toEqual([])
  })

  it('keeps what was typed when the gateway refuses it', async () => {
    await using opened = await stand.open('#/brakes')
    const { page } = opened
    await page.route('**/brakes/everything', route =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: '{"code":"log_unavailable","title":"The log does not answer."}',
      }),
    )
    await page.getByLabel('Reason, for all who see it').fill('a long reason')
    await page.getByLabel(/^To confirm, type/).fill('everything')
    await page.getByRole('button', { name: 'Stop the calls' }).click()
    await page.getByRole('alert').getByText('The log does not answer.').waitFor()
    expect(await page.getByLabel('Reason, for all who see it').inputValue()).toBe('a long reason')
  })
})

describe('the page of money', () => {
  it('shows the figures of GET /costs, names unpriced models, and leads to the questions behind a figure', async () => {
    await stand.ask({ title: 'What is a mystery?' })
    await stand.ask({ title: 'What is a spring for?' })
    await vi.waitFor(async () => {
      const { costs } = await stand.fetched('/costs?by=model')
      expect(costs).toContainEqual(expect.objectContaining({ key: 'mystery-1' }))
    }, PATIENCE)
    await using opened = await stand.open('#/money?by=model&range=day')
    const { page, complaints } = opened
    const row = page.getByRole('row', { name: /mystery-1/ })
    await row.getByText('price not known').waitFor()
    await page.getByText(/calls have no known price/).waitFor()
    const { costs } = (await stand.fetched('/costs?by=model')) as {
      costs: readonly { key: string; usd: number }[]
    }
    const known = costs.find(({ key }) => key === 'gpt-4o-mini')?.usd ?? Number.NaN
    expect(known).toBeGreaterThan(0)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ])
    const csv = readFileSync(await download.path(), 'utf8')
    expect(csv).toContain(`"gpt-4o-mini",`)
    expect(csv).toContain(`,${known},`)
    expect(csv).toMatch(/"mystery-1",\d+,\d+,"","",/)
    await row.getByRole('link', { name: /the questions of mystery-1/ }).click()
    await page.getByRole('link', { name: 'What is a mystery?' }).waitFor()
    await page.getByText('1 shown').waitFor()
    await page.getByText(/With calls that brought a reply from/).waitFor()
    expect(complaints).toEqual([])
  })
})

describe('the page of failures', () => {
  it('groups failures by cause, shows them, and sends them again under their identities', async () => {
    isCut = true
    const ids = await Promise.all([1, 2, 3].map(n => stand.ask({ title: `Cut number ${n}?` })))
    isCut = false
    await using opened = await stand.open('#/failures')
    const { page, complaints } = opened
    await page.getByText('no question', { exact: true }).waitFor()
    const link = page.getByRole('link', { name: /the reply was cut/ })
    await link.waitFor()
    await page.getByRole('checkbox', { name: /the reply was cut/ }).press('Space')
    await page.getByRole('button', { name: 'Look at sending the chosen again …' }).click()
    const preview = page.getByRole('form', { name: 'Send again' })
    await preview.getByText('3 would be sent again:').waitFor()
    await preview.getByText(/About \$0\.00/).waitFor()
    await preview.getByLabel('Reason, for the record').fill('the limit is higher now')
    await preview.getByRole('button', { name: 'Send 3 again' }).click()
    await page.getByText('3 of 3 · done').waitFor()
    for (const id of ids)
      await vi.waitFor(
        async () => expect((await stand.fetched(`/task/${id}`)).state).toBe('delivered'),
        PATIENCE,
      )
    await link.waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  })

  it('shows a group of one cause whole, and offers no replay for events with faults', async () => {
    await using opened = await stand.open('#/failures')
    const { page, complaints } = opened
    await page
      .getByRole('row', { name: /no question/ })
      .getByRole('link')
      .first()
      .click()
    await page.getByText(/They cannot be sent again/).waitFor()
    await page.getByText('Input and history, whole').first().click()
    await page.getByText(/"reason": "invalid_input"/).waitFor()
    expect(await page.getByRole('button', { name: /again …/ }).count()).toBe(0)
    expect(complaints).toEqual([])
  })
})

describe('the page of pods', () => {
  it('shows the tasks of each pod, what is in flight, and the time of its last report', async () => {
    await using opened = await stand.open('#/pods')
    const { page, complaints } = opened
    const pod = page.getByRole('region', { name: /^Pod / })
    await pod.getByText('running', { exact: true }).waitFor()
    await pod.getByText('By stage').click()
    await pod.getByRole('rowheader', { name: 'generate' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('marks a silent pod, with the time since when', async () => {
    await using opened = await stand.open('#/pods')
    const { page } = opened
    await page.route('**/workers', async route => {
      const body = await (await route.fetch()).json()
      body.workers[0].silent_since = '2026-01-02T03:04:05Z'
      await route.fulfill({ json: body })
    })
    await page.getByText(/Nothing was heard of it since Jan 2, 2026/).waitFor()
    await page.getByText('1 pods, 1 of them silent.').waitFor()
  })
})
