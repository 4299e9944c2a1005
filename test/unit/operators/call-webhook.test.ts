/** A message until its endpoint has taken it: what a failure costs, how long it waits, and when it is given up. */
import { describe, expect, it } from 'vitest'
import type { Notice, Webhook } from '#answers/types.ts'
import { callWebhook } from '#operators/call-webhook.ts'
import { type WebhookCaller, WebhookFailure, type WebhookMessage } from '#webhooks/webhook.ts'
import { emitted, type Given, run } from './effects.ts'

const URL = 'https://acme.example/hook'
const WEBHOOK: Webhook = {
  ...{ id: 'msg_1', task_id: 'q1', task_type: 'qa', organization_id: 'acme', event: 'answer.delivered' },
  ...{
    url: `${URL}?token=hidden`,
    body: '{"type":"answer.delivered"}',
    created_at: 0,
    attempts: 0,
    parked: 0,
  },
}
const DAY_MS = 86_400_000

function answering(...outcomes: readonly (number | WebhookFailure)[]) {
  const calls: WebhookMessage[] = []
  const caller: WebhookCaller = {
    async call(message) {
      const outcome = outcomes[Math.min(calls.length, outcomes.length - 1)] ?? 204
      calls.push(message)
      if (outcome instanceof WebhookFailure) throw outcome
      return { status: outcome, at: 2_000, latencyMs: 7 }
    },
  }
  return { caller, calls }
}

const failing = (retryAfterMs?: number) =>
  new WebhookFailure(URL, 'status 500', { isCalled: true, retryAfterMs })
const open = () => new WebhookFailure(URL, 'open', { isCalled: false, isParked: true, retryAfterMs: 3_000 })

interface Waits {
  readonly value: Webhook
  readonly waitMs: number
}

async function waits(webhook: Webhook, failure: WebhookFailure, now = 1_000): Promise<Waits> {
  const { output, value, options } = await emitted(callWebhook(answering(failure)), webhook, { now })
  expect(output).toBe('again')
  return { value: value as Webhook, waitMs: Number(options?.notBefore) - now } // The output is that.
}

describe('call-webhook', () => {
  it('sends the exact body, and notes that the endpoint has taken it', async () => {
    const { caller, calls } = answering(202)
    const { output, value } = await emitted(callWebhook({ caller }), { ...WEBHOOK, attempts: 2 })
    expect(calls).toEqual([{ id: 'msg_1', url: WEBHOOK.url, organization: 'acme', body: WEBHOOK.body }])
    expect(output).toBe('noted')
    const { detail, ...notice } = value as Notice // The output is that.
    expect(notice).toMatchObject({ id: 'q1', organization_id: 'acme', kind: 'webhook_delivered', at: 2_000 })
    expect(JSON.parse(detail)).toEqual({
      ...{ webhook_id: 'msg_1', event: 'answer.delivered', endpoint: URL },
      ...{ status: 202, latency_ms: 7, attempts: 3 },
    })
  })

  it('makes no second call for a call that is journaled', async () => {
    const { caller, calls } = answering(204)
    const given: Given = { journal: new Map() }
    await run(callWebhook({ caller }), WEBHOOK, given)
    const { emissions } = await run(callWebhook({ caller }), WEBHOOK, given)
    expect(emissions.map(({ output }) => output)).toEqual(['noted'])
    expect(calls).toHaveLength(1)
  })

  it('sends the message again after a failure, at growing intervals, under the same identity, for about a day', async () => {
    let webhook = WEBHOOK
    let now = 1_000
    let attempts = 1
    for (; ; attempts++) {
      const { emissions } = await run(callWebhook(answering(failing())), webhook, { now }).catch(() => ({
        emissions: [],
      }))
      const [again] = emissions
      if (!again) break
      webhook = again.value as Webhook // The output is that.
      expect(webhook).toMatchObject({ id: WEBHOOK.id, body: WEBHOOK.body, attempts })
      now = Number(again.options?.notBefore)
    }
    expect(attempts).toBe(9)
    expect(now).toBeGreaterThan(0.9 * DAY_MS)
    expect(now).toBeLessThan(1.2 * DAY_MS)
  })

  it('makes a dead letter when no attempt is left, and the error shows no query', async () => {
    const dead = run(callWebhook(answering(failing())), { ...WEBHOOK, attempts: 8 })
    await expect(dead).rejects.toMatchObject({ code: 'WEBHOOK_UNDELIVERED', action: 'deadLetter' })
    const message = await dead.catch(String)
    expect(message).toContain('9 attempts')
    expect(message).not.toContain('hidden')
  })

  it('waits as long as the endpoint requests', async () => {
    const { waitMs } = await waits(WEBHOOK, failing(40_000))
    expect(waitMs).toBeGreaterThanOrEqual(40_000)
    expect(waitMs).toBeLessThanOrEqual(44_000)
  })

  it('waits without an attempt behind an open breaker, at growing intervals', async () => {
    const first = await waits(WEBHOOK, open())
    expect(first.value).toMatchObject({ attempts: 0, parked: 1 })
    expect(first.waitMs).toBeGreaterThanOrEqual(5_000)
    const later = await waits({ ...WEBHOOK, attempts: 8, parked: 500 }, open())
    expect(later.value).toMatchObject({ attempts: 8, parked: 501 })
    expect(later.waitMs).toBeGreaterThanOrEqual(60_000)
    expect(later.waitMs).toBeLessThanOrEqual(66_000)
  })

  it('gives a message up that could not be tried for three days', async () => {
    await waits(WEBHOOK, open(), 3 * DAY_MS - 1)
    await expect(run(callWebhook(answering(open())), WEBHOOK, { now: 3 * DAY_MS })).rejects.toMatchObject({
      code: 'WEBHOOK_UNDELIVERED',
    })
  })

  it('waits equally long when it runs again, and differently for another message', async () => {
    const one = await waits(WEBHOOK, failing())
    expect(await waits(WEBHOOK, failing())).toEqual(one)
    expect((await waits({ ...WEBHOOK, id: 'msg_2' }, failing())).waitMs).not.toBe(one.waitMs)
  })

  it('leaves other errors to the engine', async () => {
    const caller: WebhookCaller = { call: () => Promise.reject(new RangeError('odd')) }
    await expect(run(callWebhook({ caller }), WEBHOOK)).rejects.toThrow('odd')
  })
})
