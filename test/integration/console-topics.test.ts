/** The pages of the console that look into a pipeline: topics, state, what is in progress, by what a person sees. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { USAGE, VERDICT } from '../cli/provider.ts'
import { type Stand, startStand } from './console-stand.ts'

let provider: Server
let stand: Stand
/** Whether replies are held back, and what lets them go. */
let isHeld = false
const held: (() => void)[] = []
beforeAll(async () => {
  provider = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const reply = () => answer(response, Buffer.concat(chunks).toString().includes('usefulness'))
      if (isHeld) held.push(reply)
      else reply()
    })
  })
  await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve))
  const { port } = provider.address() as AddressInfo // It listens on TCP, where an address is always this.
  stand = await startStand([], {
    ...{ OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'none', LLM_MODEL: 'gpt-4o-mini' },
    CONSOLE: 'read',
  })
})
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]()
  provider?.closeAllConnections()
  provider?.close()
})

function answer(response: ServerResponse, isJudge: boolean): void {
  const choice = { message: { content: isJudge ? VERDICT : 'So.' }, finish_reason: 'stop' }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ model: 'gpt-4o-mini', choices: [choice], usage: USAGE }))
}

describe('Topics', () => {
  it('are listed, and the records of a question are found by its key, all by keyboard', async () => {
    const id = await stand.ask({ title: 'What is a topic for?' })
    await using opened = await stand.open(`#/question/${id}`)
    const { page, complaints } = opened
    await page.getByRole('link', { name: 'Its raw records' }).press('Enter')
    await page.getByText(`Choose a topic: its records with the key ${id} are looked for.`).waitFor()
    await page.getByRole('row', { name: /datos_crudos source/ }).waitFor()
    await page.getByRole('link', { name: 'datos_procesados' }).press('Enter')
    await page.getByText(/^1 found\. All \d+ records there were looked at\.$/).waitFor()
    const record = page.getByRole('listitem').filter({ hasText: id })
    await record.locator('summary').press('Enter')
    await record.getByText('"title": "What is a topic for?"').waitFor()
    await record.getByText('avro', { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })

  it('are looked into by a condition, which says how many were looked at, and refuse what is none', async () => {
    await using opened = await stand.open('#/topics/datos_procesados')
    const { page, complaints } = opened
    const form = page.getByRole('search', { name: 'Look for records' })
    await form.getByLabel('Condition').fill('title contains nothing like it')
    await form.getByLabel('Condition').press('Enter')
    await page.getByText(/^0 found\. All [1-9]\d* records there were looked at\.$/).waitFor()
    await form.getByLabel('Condition').fill('title ~ x')
    await form.getByRole('button', { name: 'Look', exact: true }).click()
    await page
      .getByRole('alert')
      .getByText(/The request has faults/)
      .waitFor()
    await form.getByLabel('Condition').fill('')
    await form.getByLabel('Partition').fill('0')
    await form.getByLabel('Begin at').fill('0')
    await form.getByLabel('Begin at').press('Enter')
    await page.getByText(/records there were looked at|There is no record here/).waitFor()
    // The answer 400 is what the browser complains of.
    expect(complaints.filter(text => !text.includes('400'))).toEqual([])
  })

  it('show what cannot be read, what is cut and what is gone, and never call it absent', async () => {
    await using opened = await stand.open('#/topics')
    const { page } = opened
    const at = '2026-01-02T03:04:05Z'
    const common = { at, key: 'k', size: 9, headers: [] }
    const events = [
      ['gap', { partition: 1, first: 3, next: 8 }],
      ['record', { ...common, partition: 0, offset: 7, form: 'tombstone' }],
      [
        'record',
        { ...common, partition: 0, offset: 6, form: 'bytes', hex: '00ff', unread: 'there is no schema 9' },
      ],
      ['record', { ...common, partition: 0, offset: 5, form: 'json', text: '{"long', left_out: 400_000 }],
      ['done', { looked_at: 100_000, found: 3, ended_by: 'bound', next: 'b.0:5' }],
    ] as const
    const body = events.map(
      ([kind, data], id) => `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`,
    )
    await page.route('**/topics/datos_procesados/records?*', route =>
      route.fulfill({ contentType: 'text/event-stream', body: body.join('') }),
    )
    await page.getByRole('link', { name: 'datos_procesados' }).click()
    await page.getByText('3 found among 100,000 records looked at so far. Not all were looked at.').waitFor()
    await page.getByRole('button', { name: 'Go on' }).waitFor()
    await page.getByText('Partition 1 holds the offsets 3 to 8 no more').waitFor()
    await page.getByText('tombstone: the key is deleted').first().waitFor()
    await page.getByText('there is no schema 9').first().click()
    await page.getByText('The value cannot be read: there is no schema 9').waitFor()
    await page.getByText('{"long').first().click()
    await page.getByRole('button', { name: 'Show the value whole' }).waitFor()
  })
})

describe('State', () => {
  it('of an operator under a key is shown as of the last commit, and what is not there is said', async () => {
    const id = await stand.ask({ title: 'What is a state for?' })
    await using opened = await stand.open('#/state')
    const { page, complaints } = opened
    const form = page.getByRole('search', { name: 'Look into state' })
    await form.getByLabel('Operator').selectOption('admit')
    await form.getByLabel('Key').fill(id)
    await form.getByLabel('Key').press('Enter')
    await page.getByText(/^\d+ entries\.$/).waitFor()
    await page.getByRole('article').first().waitFor()
    await form.getByLabel('Key').fill('nobody')
    await form.getByRole('button', { name: 'Look' }).click()
    await page.getByText('admit has nothing stored under nobody.').waitFor()
    expect(complaints).toEqual([])
  })
})

describe('What is in progress', () => {
  it('is shown where a stage opens, the oldest first, with what it waits for', async () => {
    isHeld = true
    const id = await stand.ask({ title: 'How long does a call take?' }, '1s')
    await using opened = await stand.open('#/flow')
    const { page, complaints } = opened
    await page.getByRole('button', { name: /^Stage generate:/ }).press('Enter')
    const work = page.getByRole('region', { name: 'In progress at generate' })
    const row = work.getByRole('row').filter({ hasText: id })
    await row.getByText('a call').waitFor()
    isHeld = false
    for (const release of held.splice(0)) release()
    await work.getByText('Nothing is in progress here.').waitFor()
    expect(complaints).toEqual([])
  })
})
