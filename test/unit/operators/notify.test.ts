/** A message for each endpoint that wants to hear of an outcome. */
import { describe, expect, it } from 'vitest'
import { BATCH_HEADER } from '#answers/batch-ref.ts'
import { questionHash } from '#answers/question-hash.ts'
import type { BatchRef, Delivered, Failed, Webhook } from '#answers/types.ts'
import { notify } from '#operators/notify.ts'
import { CALLBACK_HEADER, type Subscriptions } from '#webhooks/webhook.ts'
import { contextOf, type Emission, type Given } from './effects.ts'
import { ATTEMPT, judged, REQUEST } from './values.ts'

const { scores, final } = judged(8)
const DELIVERED: Delivered = {
  ...ATTEMPT,
  ...{ id: 'q1', task_type: 'qa', title: REQUEST.title, organization_id: 'acme', scores, final },
  ...{ below_threshold: false, attempts: 1, error_attempts: 0, quality_attempts: 1, calls: 2 },
  ...{ asked_at: 500, delivered_at: 900, history: [], cost_usd: undefined, trace_id: 'trace' },
}
const FAILED: Failed = {
  id: 'q1',
  reason: 'attempts_used_up',
  faults: ['3 calls failed'],
  failed_at: 900,
  request: { ...REQUEST, organization_id: 'acme' },
}

const acme: Subscriptions = {
  endpointsOf: async (organization, event) =>
    organization === 'acme' ? [`https://acme.example/${event}`] : undefined,
}

type Input = 'delivered' | 'failed' | 'follower'

async function emissions(
  input: Input,
  value: object,
  given: Given,
  subscriptions: Subscriptions | undefined,
) {
  const operator = notify({ subscriptions })
  const emissions: Emission[] = []
  await operator.process({ input, key: 'q1', value, timestamp: 0 }, contextOf(operator, given, emissions, []))
  return emissions
}

async function messages(input: Input, value: object, given: Given = {}): Promise<readonly Webhook[]> {
  const found = await emissions(input, value, given, acme)
  return found.filter(({ output }) => output === 'webhook').map(each => each.value as Webhook) // That output is one.
}

describe('notify', () => {
  it('makes a message with the answer for an endpoint of the organisation', async () => {
    const [message, ...others] = await messages('delivered', DELIVERED)
    expect(others).toEqual([])
    expect(message).toMatchObject({
      id: expect.stringMatching(/^msg_[\w-]{27}$/),
      ...{ task_id: 'q1', organization_id: 'acme', event: 'answer.delivered', attempts: 0, parked: 0 },
      url: 'https://acme.example/answer.delivered',
      created_at: 1_000,
    })
    const body = JSON.parse(message?.body ?? '')
    expect(body).toMatchObject({
      type: 'answer.delivered',
      timestamp: '1970-01-01T00:00:00.900Z',
      data: {
        ...{ id: questionHash(DELIVERED), task_id: 'q1', state: 'delivered', answer: ATTEMPT.answer },
        ...{ final, scores, cost_usd: null, asked_at: '1970-01-01T00:00:00.500Z', trace_id: 'trace' },
      },
    })
  })

  it('makes a message with the reason for a question that was given up', async () => {
    const [message] = await messages('failed', FAILED)
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      type: 'answer.failed',
      data: { task_id: 'q1', state: 'failed', reason: 'attempts_used_up', faults: ['3 calls failed'] },
    })
  })

  it('makes a message for the callback of the question too, and only one where callback and endpoint are the same', async () => {
    const urls = async (callback: string) =>
      (await messages('delivered', DELIVERED, { headers: { [CALLBACK_HEADER]: callback } })).map(
        ({ url }) => url,
      )
    expect(await urls('https://other.example/')).toEqual([
      'https://other.example/',
      'https://acme.example/answer.delivered',
    ])
    expect(await urls('https://acme.example/answer.delivered')).toHaveLength(1)
  })

  it('gives each endpoint and each outcome an identity of its own, which a second run repeats', async () => {
    const headers = { [CALLBACK_HEADER]: 'https://other.example/' }
    const ids = async (given: Given) => (await messages('delivered', DELIVERED, given)).map(({ id }) => id)
    const first = await ids({ id: 'record-1', headers })
    expect(new Set([...first, ...(await ids({ id: 'record-2', headers }))]).size).toBe(4)
    expect(await ids({ id: 'record-1', headers, now: 99_000 })).toEqual(first)
  })

  it('makes no message for an organisation without a secret, nor for an endpoint that is no web address', async () => {
    const headers = { [CALLBACK_HEADER]: 'https://other.example/' }
    expect(await messages('delivered', { ...DELIVERED, organization_id: 'nobody' }, { headers })).toEqual([])
    const odd = { [CALLBACK_HEADER]: 'file:///etc/passwd' }
    expect(await messages('delivered', DELIVERED, { headers: odd })).toHaveLength(1)
  })

  const BATCH: BatchRef = { id: 'b1', organization_id: 'acme', runs: 2, accepted: 2, rejected: 0 }

  it('notes for the batch of a question that the question has its outcome, even where no endpoint is called', async () => {
    const headers = { [BATCH_HEADER]: JSON.stringify(BATCH) }
    const found = await emissions('failed', FAILED, { headers }, undefined)
    expect(found).toMatchObject([
      { output: 'item', value: { id: 'b1', batch: BATCH, task_id: 'q1', is_delivered: false } },
    ])
  })

  it.each(['', '{', '7', '{"id":"b1"}', '{"id":"b1","runs":-1,"accepted":0,"rejected":0}'])(
    'ignores a batch header %j',
    async text => {
      const headers = { [BATCH_HEADER]: text }
      expect(await emissions('delivered', DELIVERED, { headers }, undefined)).toEqual([])
    },
  )

  it('sends a message once to a caller who joined the question before or after the outcome', async () => {
    const follower = { id: 'q1', callback: 'https://late.example/', batch: BATCH }
    for (const order of [
      ['follower', 'follower', 'delivered'],
      ['delivered', 'follower'],
    ] as const) {
      const state = new Map<string, unknown>()
      const found: Emission[] = []
      for (const [nth, input] of order.entries()) {
        const value = input === 'follower' ? follower : DELIVERED
        found.push(...(await emissions(input, value, { id: `record-${nth}`, state }, acme)))
      }
      const told = found.map(({ output, value }) => [output, (value as { url?: string }).url ?? 'b1'])
      expect(told, order.join(' ')).toHaveLength(3)
      expect(told).toContainEqual(['webhook', 'https://late.example/'])
      expect(told).toContainEqual(['item', 'b1'])
    }
  })

  it('derives the identity of the message to a joined caller from the outcome, whenever the caller is read', async () => {
    const follower = { id: 'q1', callback: 'https://late.example/' }
    const late = new Map<string, unknown>()
    await messages('delivered', DELIVERED, { id: 'outcome', state: late })
    const ids = [
      await messages('follower', follower, { id: 'one', state: late }),
      await messages('follower', follower, { id: 'two', state: late }),
    ].map(([message]) => message?.id)
    const early = new Map<string, unknown>()
    await messages('follower', follower, { id: 'three', state: early })
    const [first] = await messages('delivered', DELIVERED, { id: 'outcome', state: early })
    expect(new Set([...ids, first?.id]).size).toBe(1)
  })
})
