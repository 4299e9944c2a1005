/** Tokens and cost by task type, model and organisation. */
import { expect, test } from 'vitest'
import { costUsd, priceFaults } from '#answers/prices.ts'
import { metered, UsageLedger } from '#answers/usage.ts'
import type { Model } from '#models/model.ts'

const usage = { promptTokens: 1_000_000, completionTokens: 500_000 }

test.each([
  ['gpt-4o', 7.5],
  ['gpt-4o-mini', 0.45],
  ['gpt-4o-2024-08-06', 7.5],
  ['gpt-4o-mini-2024-07-18', 0.45],
  ['openai/gpt-4o-mini', 0.45],
  ['gpt-4o-latest', 7.5],
  ['azure/openai/gpt-4o-2024-08-06', 7.5],
])('%s costs %d', (model, cost) => {
  expect(costUsd(model, usage)).toBeCloseTo(cost, 10)
})

test.each(['gpt-4omega', 'gpt-4o-audio-preview', 'gpt-5-pro', 'llama3', 'meta/llama3', ''])(
  'the price of %j is not known',
  model => {
    expect(costUsd(model, usage)).toBeUndefined()
  },
)

test('a price of one own goes by the whole name first', () => {
  const prices = { 'mine/gpt-4o': { prompt: 1, completion: 1 }, 'gpt-4o': { prompt: 9, completion: 9 } }
  expect(costUsd('mine/gpt-4o', usage, prices)).toBe(1.5)
  expect(priceFaults(prices)).toEqual([])
  expect(priceFaults({ m: { prompt: -1 } })).toHaveLength(2)
  expect(priceFaults([])).toHaveLength(1)
})

test('a model without a price is logged once, and its cost stays unknown', () => {
  const told: string[] = []
  const ledger = new UsageLedger(undefined, model => told.push(model))
  for (const model of ['m', 'm', 'gpt-4o']) ledger.add({ taskType: 'qa' }, { model, usage })
  expect(told).toEqual(['m'])
  expect(ledger.rows().map(({ costUsd }) => costUsd)).toEqual([undefined, 7.5])
})

test('what a metered model answers is added up in its row', async () => {
  const ledger = new UsageLedger()
  const model: Model = {
    complete: request =>
      request.model === 'bad'
        ? Promise.reject(new TypeError('no'))
        : Promise.resolve({ text: '', usage, model: 'gpt-4o', latencyMs: 1, finish: 'stop' }),
  }
  const counted = metered(model, ledger)
  const call = { signal: new AbortController().signal, requestId: 'r' }
  const labels = { taskType: 'qa', organization: 'org' }
  await counted.complete({ messages: [], labels }, call)
  await counted.complete({ messages: [], labels }, call)
  await counted.complete({ messages: [], labels: { taskType: 'qa' } }, call)
  await expect(counted.complete({ messages: [], model: 'bad' }, call)).rejects.toThrow('no')
  const row = { taskType: 'qa', model: 'gpt-4o' }
  expect(ledger.rows()).toEqual([
    {
      ...row,
      organization: 'org',
      calls: 2,
      promptTokens: 2_000_000,
      completionTokens: 1_000_000,
      costUsd: 15,
    },
    {
      ...row,
      organization: 'none',
      calls: 1,
      promptTokens: 1_000_000,
      completionTokens: 500_000,
      costUsd: 7.5,
    },
  ])
})

test('however many organisations there are, the rows are bounded', () => {
  const ledger = new UsageLedger()
  for (let n = 0; n < 10_100; n += 1)
    ledger.add({ taskType: 'qa', organization: `o${n}` }, { model: 'm', usage })
  expect(ledger.rows()).toHaveLength(10_001)
  expect(ledger.rows().find(({ organization }) => organization === 'other')?.calls).toBe(100)
})
