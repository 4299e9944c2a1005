/** The console in a browser, before what `caudal start` serves: each page by what a person sees. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOSTILE, overflowOf, type Stand, startStand } from './console-stand.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand()
})
afterAll(() => stand?.[Symbol.asyncDispose]())

const open: Stand['open'] = (hash, options) => stand.open(hash, options)
const ask = (question: object): Promise<string> => stand.ask(question)

describe('the page of the flow', () => {
  it('has a sentence, the graph by its stages, and the latest questions', async () => {
    await using opened = await open('')
    const { page, complaints } = opened
    await page.getByRole('heading', { name: 'Flow', level: 1 }).waitFor()
    await page.getByRole('button', { name: /^Stage generate: / }).waitFor()
    for (const stage of ['ingest', 'admit', 'score', 'deliver', 'retry', 'delay'])
      expect(await page.getByRole('button', { name: new RegExp(`^Stage ${stage}: `) }).count()).toBe(1)
    expect(await page.getByRole('status').first().textContent()).toMatch(/\w+.*\./)
    await page.getByRole('button', { name: /^Stage generate: / }).press('Enter')
    await page.getByRole('rowheader', { name: 'generate', exact: true }).waitFor()
    await page.getByRole('heading', { name: /Latest questions/ }).waitFor()
    expect(complaints).toEqual([])
  })

  it('is in Spanish for a Spanish browser, and in the language that the reader chooses', async () => {
    await using opened = await open('', { locale: 'es-ES' })
    const { page } = opened
    await page.getByRole('heading', { name: 'Flujo', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Language: English' }).click()
    await page.getByRole('heading', { name: 'Flow', level: 1 }).waitFor()
  })

  it('marks its figures as old while the gateway is frozen, and no longer afterwards', async () => {
    await using opened = await open('')
    const { page } = opened
    await page.getByRole('button', { name: /^Stage generate: / }).waitFor()
    stand.child.process.kill('SIGSTOP')
    await page.getByText(/No news from the gateway for/).waitFor()
    stand.child.process.kill('SIGCONT')
    await page.getByText(/No news from the gateway for/).waitFor({ state: 'detached' })
  })
})

describe('the page to ask', () => {
  it('takes a question, shows its attempts as they happen, and ends with the whole path', async () => {
    await using opened = await open('#/ask')
    const { page, complaints } = opened
    await page.getByRole('button', { name: 'Fill in an example' }).click()
    await page.getByRole('button', { name: 'Ask', exact: true }).click()
    const outcome = page.getByRole('region', { name: 'What comes of the question' })
    await outcome.getByRole('heading', { name: /^Attempt 1/ }).waitFor()
    await outcome.getByRole('region', { name: 'The end' }).waitFor()
    await outcome
      .getByRole('list', { name: /Scores by criterion/ })
      .first()
      .waitFor()
    expect(await outcome.textContent()).toMatch(/\$0\.0/)
    await outcome.getByRole('link', { name: 'The whole path' }).click()
    await page.getByRole('slider', { name: 'How it stood at' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('fits a narrow screen', async () => {
    await using opened = await open('#/ask', { viewport: { width: 380, height: 800 } })
    const { page } = opened
    await page.getByRole('button', { name: 'Ask', exact: true }).waitFor()
    const overflow = await overflowOf(page)
    expect(overflow).toBe(0)
  })
})

describe('the page of questions', () => {
  it('lists every run, is narrowed by text, and keeps the view in its address', async () => {
    await ask({ title: 'What does a thermostat regulate?', best_answer: 'It regulates the temperature.' })
    await using opened = await open('#/questions')
    const { page, complaints } = opened
    await page.getByRole('searchbox', { name: 'Text or id' }).fill('thermostat')
    await page.keyboard.press('Enter')
    const link = page.getByRole('link', { name: 'What does a thermostat regulate?' })
    await link.waitFor()
    await page.getByText('1 shown').waitFor()
    expect(page.url()).toContain('q=thermostat')
    await page.reload()
    await link.click()
    await page.getByRole('heading', { name: 'What does a thermostat regulate?' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('continues page after page, with each run once', async () => {
    await using opened = await open('#/questions')
    const { page } = opened
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText(/^6\d shown|^7\d shown/).waitFor()
    const links = await page
      .getByRole('table')
      .getByRole('link')
      .evaluateAll(all => all.map(String))
    expect(new Set(links).size).toBe(links.length)
  })
})

describe('the page of one question', () => {
  it('goes back to an earlier moment, and hides what came later', async () => {
    const id = await ask({
      title: 'Why does ice float on water?',
      best_answer: 'It is less dense.',
      fresh: true,
    })
    await using opened = await open(`#/question/${encodeURIComponent(id)}`)
    const { page, complaints } = opened
    const end = page.getByRole('region', { name: 'The end' })
    await end.waitFor()
    const slider = page.getByRole('slider', { name: 'How it stood at' })
    await slider.focus()
    await page.keyboard.press('Home')
    await end.waitFor({ state: 'detached' })
    await page.getByText(/^After event 1 of/).waitFor()
    await page.getByRole('button', { name: 'Back to now' }).click()
    await end.waitFor()
    await page.getByText('2 messages as they were sent').first().click()
    await page.getByText('Why does ice float on water?').nth(1).waitFor()
    expect(complaints).toEqual([])
  })

  it('reports an unknown question', async () => {
    await using opened = await open('#/question/nothing')
    await opened.page.getByRole('alert').getByText('There is no such task.').waitFor()
  })
})

describe('a hostile text in the console', () => {
  it.each(HOSTILE.map((text, index) => [index, text] as const))(
    'runs nothing and breaks nothing: text %i',
    async (_, text) => {
      const id = await ask({ title: text, content: text, best_answer: text, fresh: true })
      for (const hash of ['#/flow', '#/questions', `#/question/${encodeURIComponent(id)}`]) {
        await using opened = await open(hash)
        const { page, complaints } = opened
        await page.getByText(text.slice(0, 5)).first().waitFor()
        expect(await page.locator('main script, main img, main iframe').count()).toBe(0)
        expect(complaints).toEqual([])
      }
    },
  )

  it('is cut where it is as long as the gateway accepts, and the page keeps its width', async () => {
    const id = await ask({
      title: 'Long',
      content: 'x'.repeat(100_000),
      best_answer: 'y'.repeat(100_000),
      fresh: true,
    })
    await using opened = await open(`#/question/${encodeURIComponent(id)}`, {
      viewport: { width: 380, height: 800 },
    })
    const { page, complaints } = opened
    await page.getByRole('region', { name: 'The end' }).waitFor()
    const overflow = await overflowOf(page)
    expect([overflow, complaints]).toEqual([0, []])
  })
})
