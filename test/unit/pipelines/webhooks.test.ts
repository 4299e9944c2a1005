/** The whole graph with webhooks on the real runtime: calls, crashes between a call and its commit, retries, dead letters. */
import { expect, it } from 'vitest'
import { BATCH_HEADER } from '#answers/batch-ref.ts'
import { TOPICS } from '#answers/topics.ts'
import type { BatchRef, Failed, Notice } from '#answers/types.ts'
import { answers } from '#pipelines/answers.ts'
import type { WebhooksOptions } from '#pipelines/webhook-stages.ts'
import { failure, reply, type Script, scripted, testTopology } from '#testing/index.ts'
import { plan } from '#topology/plan.ts'
import { validate } from '#topology/validate.ts'
import {
  CALLBACK_HEADER,
  type WebhookCaller,
  WebhookFailure,
  type WebhookMessage,
  type WebhookTaken,
} from '#webhooks/webhook.ts'
import { REPLY, scripted as scriptedModel } from '../operators/values.ts'

const CALLBACK = 'https://acme.example/hook'
const TAKEN: WebhookTaken = { status: 204, at: 5, latencyMs: 1 }
const DOWN = new WebhookFailure(CALLBACK, 'status 500', { isCalled: true })

/** Endpoints of nobody but those who name one. */
const subscriptions: WebhooksOptions['subscriptions'] = { endpointsOf: async () => [] }

interface Opening {
  readonly change?: ((caller: WebhookCaller) => WebhookCaller) | undefined
  readonly waits?: WebhooksOptions['waits']
}

async function open(
  script: Script<WebhookMessage, WebhookTaken>,
  { change = caller => caller, waits }: Opening = {},
) {
  const endpoint = scripted<WebhookMessage, WebhookTaken>(script)
  const caller = change({ call: (message, signal) => endpoint(message, { signal, id: message.id }) })
  const model = scriptedModel(REPLY)
  const webhooks = { subscriptions, caller, ...(waits && { waits }) }
  const graph = answers({ model, judge: 'computed', threshold: 0, partitions: 1, webhooks })
  const kit = await testTopology(graph, { seed: 1 })
  const ask = (event: object, headers: Record<string, string> = { [CALLBACK_HEADER]: CALLBACK }) =>
    kit.send(TOPICS.raw, { bytes: JSON.stringify(event), headers })
  const notices = () => kit.records(TOPICS.notices).map(({ value }) => value as Notice) // The codec of the topic is that.
  return { kit, endpoint, ask, notices }
}

const ids = ({ calls }: { readonly calls: readonly { readonly request: WebhookMessage }[] }) =>
  calls.map(({ request }) => request.id)

it('webhooks are stages after the outcomes, and a graph without the option has none', () => {
  const caller = { call: () => Promise.reject(DOWN) }
  const stages = (webhooks?: WebhooksOptions) => {
    const graph = answers({ model: scriptedModel(REPLY), webhooks })
    expect(validate(graph)).toEqual([])
    return plan(graph).stages.map(({ name }) => name)
  }
  expect(stages({ subscriptions, caller }).filter(name => !stages().includes(name))).toEqual([
    'notify',
    'complete-batch',
    'call-webhook',
  ])
})

it('the callback of an event is called once with the answer, and the call is recorded', async () => {
  const { kit, endpoint, ask, notices } = await open([TAKEN])
  await using _ = kit
  await ask({ id: 'q1', title: 'What is a fuse for?' })
  await ask({ id: 'q2', title: 'What is a valve for?' }, {})
  await kit.settle()
  expect(endpoint.calls).toHaveLength(1)
  expect(JSON.parse(endpoint.calls[0]?.request.body ?? '')).toMatchObject({
    type: 'answer.delivered',
    data: { task_id: 'q1', answer: REPLY.text.trim() },
  })
  expect(notices()).toMatchObject([{ id: 'q1', kind: 'webhook_delivered' }])
})

it.each<[string, object]>([
  ['flat', { id: 'q1', organization_id: 'acme' }],
  ['an envelope', { event_id: 'q1', event_version: 'v1', organization_id: 'acme', payload: {} }],
])('an event with faults belongs to the organisation that it names: %s', async (_, event) => {
  const { kit, endpoint, ask } = await open([TAKEN])
  await using _kit = kit
  await ask(event)
  await kit.settle()
  expect(kit.records(TOPICS.failed)).toMatchObject([{ value: { organization_id: 'acme' } }])
  expect(kit.records(TOPICS.webhooks)).toMatchObject([{ value: { organization_id: 'acme' } }])
  expect(endpoint.calls).toHaveLength(1)
})

it('the callback of an event with faults gets those faults', async () => {
  const { kit, endpoint, ask } = await open([TAKEN])
  await using _ = kit
  await ask({ id: 'q1' })
  await kit.settle()
  expect(JSON.parse(endpoint.calls[0]?.request.body ?? '')).toMatchObject({
    type: 'answer.failed',
    data: { task_id: expect.any(String), reason: 'invalid_input' },
  })
})

/** Crashes at this time after the call began, and reports what the endpoint saw. */
async function crashed(afterMs: number, change?: (caller: WebhookCaller) => WebhookCaller) {
  const { kit, endpoint, ask, notices } = await open(() => reply(TAKEN, '1s'), { change })
  await using _ = kit
  await ask({ id: 'q1', title: 'What is a fuse for?' })
  await kit.until(() => endpoint.calls.length === 1)
  await kit.advance(afterMs)
  kit.crash()
  await kit.restart()
  await kit.settle()
  return { seen: ids(endpoint), notices: notices() }
}

it.each([0, 999, 1_001, 1_050, 1_200])(
  'a call that a crash repeats has the same identity and is recorded once: a crash %i ms after its begin',
  async afterMs => {
    const { seen, notices } = await crashed(afterMs)
    expect(new Set(seen).size).toBe(1)
    expect(seen.length).toBeLessThanOrEqual(afterMs < 1_100 ? 2 : 1)
    expect(notices).toHaveLength(1)
  },
)

it('a crash between a call and its commit finds a planted bug that names each call differently', async () => {
  let calls = 0
  const { seen } = await crashed(500, caller => ({
    call: (message, signal) => caller.call({ ...message, id: `${message.id}-${calls++}` }, signal),
  }))
  expect(new Set(seen).size).toBe(2)
})

const WAITS: Opening = { waits: ['1s', '4s', '9s'] }

it('a failing endpoint is called again through delay topics under the same identity, until the endpoint takes the message', async () => {
  const { kit, endpoint, ask, notices } = await open(
    (_, nth) => (nth < 4 ? failure(DOWN) : reply(TAKEN)),
    WAITS,
  )
  await using _ = kit
  await ask({ id: 'q1', title: 'What is a fuse for?' })
  await kit.settle()
  expect(endpoint.calls).toHaveLength(1)
  await kit.advance('1m')
  await kit.settle()
  expect(new Set(ids(endpoint)).size).toBe(1)
  expect(endpoint.calls).toHaveLength(4)
  const [first, second, third] = endpoint.calls.map(({ startedAt }) => startedAt)
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(1_000)
  expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(4_000)
  expect(notices()).toHaveLength(1)
  expect(JSON.parse(notices()[0]?.detail ?? '')).toMatchObject({ attempts: 4 })
})

it('an endpoint that fails in each attempt causes a dead letter, and no failed question', async () => {
  const { kit, endpoint, ask } = await open(() => failure(DOWN), { waits: ['1s', '2s'] })
  await using _ = kit
  await ask({ id: 'q1', title: 'What is a fuse for?' })
  await kit.settle()
  await kit.advance('1m')
  await kit.settle()
  expect(endpoint.calls).toHaveLength(3)
  expect(kit.deadLetters()).toMatchObject([{ node: 'call-webhook', code: 'WEBHOOK_UNDELIVERED' }])
  expect(kit.records(TOPICS.failed).map(({ value }) => value as Failed)).toEqual([])
  expect(kit.read(TOPICS.delivered)).toHaveLength(1)
})

it('many webhooks that are given up within a minute block no task', async () => {
  const { kit, ask, notices } = await open((_, nth) => (nth <= 110 ? failure(DOWN) : reply(TAKEN)), {
    waits: [],
  })
  await using _ = kit
  for (let nth = 0; nth < 110; nth++) await ask({ id: `q${nth}`, title: `Question ${nth}?` })
  await kit.settle()
  expect(kit.deadLetters()).toHaveLength(110)
  await ask({ id: 'last', title: 'The last question?' })
  await kit.settle()
  expect(notices()).toMatchObject([{ id: 'last' }])
})

const BATCH: BatchRef = { id: 'b1', runs: 3, accepted: 4, rejected: 1, callback: CALLBACK }

it('a batch completes once with the last outcome of its questions, also of a question that another caller put in', async () => {
  const { kit, endpoint, ask, notices } = await open(() => reply(TAKEN))
  await using _ = kit
  const own = { [BATCH_HEADER]: JSON.stringify(BATCH) }
  await ask({ id: 'q1', title: 'What is a fuse for?' }, {})
  await kit.settle()
  await ask({ id: 'q2', title: 'What is a valve for?' }, own)
  // The batch has joined a question that another has put in: twice, as by a repetition of its request.
  for (let time = 0; time < 2; time++)
    await kit.send(TOPICS.followers, { key: 'q1', value: { id: 'q1', batch: BATCH } })
  await kit.settle()
  expect(notices()).toEqual([])
  await ask({ id: 'q3' }, own)
  await kit.settle()
  const completed = notices().filter(({ kind }) => kind === 'batch_completed')
  expect(completed).toMatchObject([{ id: 'batch:b1' }])
  const figures = { batch_id: 'b1', accepted: 4, rejected: 1, runs: 3, delivered: 2, failed: 1 }
  expect(JSON.parse(completed[0]?.detail ?? '')).toEqual(figures)
  expect(endpoint.calls.map(({ request }) => JSON.parse(request.body))).toEqual([
    { type: 'batch.completed', timestamp: expect.any(String), data: figures },
  ])
})

it('a caller who joined a question that waits for more than a week gets the outcome of the question', async () => {
  const { kit, ask } = await open(() => reply(TAKEN))
  await using _ = kit
  await kit.send(TOPICS.followers, { key: 'q1', value: { id: 'q1', batch: { ...BATCH, runs: 1 } } })
  await kit.settle()
  kit.pods[0]?.pause() // With a paused pod, days pass quickly.
  await kit.advance('8d')
  kit.pods[0]?.resume()
  await kit.advance('1m')
  await ask({ id: 'q1', title: 'What is a fuse for?' }, {})
  await kit.settle()
  expect(kit.records(TOPICS.batchItems)).toMatchObject([{ value: { id: 'b1', task_id: 'q1' } }])
})

it('a batch that is sent again with another number of runs completes once', async () => {
  const { kit, ask, notices } = await open(() => reply(TAKEN))
  await using _ = kit
  const withRuns = (runs: number) => ({ [BATCH_HEADER]: JSON.stringify({ ...BATCH, runs }) })
  await ask({ id: 'q1', title: 'What is a fuse for?' }, withRuns(1))
  await kit.settle()
  await ask({ id: 'q2', title: 'What is a fuse for?' }, withRuns(2))
  await kit.settle()
  expect(notices().filter(({ kind }) => kind === 'batch_completed')).toHaveLength(1)
})

it.each([0, 20, 100, 300])(
  'a batch completes once, although a crash comes %i ms after its begin',
  async crashMs => {
    const { kit, ask, notices } = await open(() => reply(TAKEN))
    await using _ = kit
    const own = { [BATCH_HEADER]: JSON.stringify(BATCH) }
    for (const id of ['q1', 'q2', 'q3']) await ask({ id, title: `What is ${id}?` }, own)
    await kit.advance(crashMs)
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(notices().filter(({ kind }) => kind === 'batch_completed')).toHaveLength(1)
  },
)
