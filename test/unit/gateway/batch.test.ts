/** Many questions at once: all that have no fault are put in together, and counted until they are answered. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { summarization } from '#answers/task-types/summarization.ts'
import { CaudalError } from '#core/errors.ts'
import { Batches } from '#gateway/batches.ts'
import { organizationOf } from '#stores/organization.ts'
import { REPLY, scripted } from '../operators/values.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'

const PATIENCE = { timeout: 20_000 }

let calls = 0
let opened: Opened
beforeEach(async () => {
  calls = 0
  opened = await openGateway({
    complete: async () => {
      calls++
      return { ...REPLY, text: 'Fine.' }
    },
  })
})
afterEach(() => opened[Symbol.asyncDispose]())

const lines = (text: string, headers = {}) =>
  opened.ask(post('/batch', text, { 'content-type': 'application/x-ndjson', ...headers }))

interface Accepted {
  readonly id: string
  readonly index: number
  readonly task_id: string
  readonly joined?: boolean
}
const acceptedIn = (body: Readonly<Record<string, unknown>>) => body.accepted as readonly Accepted[]
const counts = async (id: unknown) => (await opened.ask({ url: `/batch/${id}` })).body

describe('a batch by POST /batch', () => {
  it('puts its questions in at once, and GET /batch counts their outcomes', async () => {
    const append = vi.spyOn(opened.log, 'append')
    const items = Array.from({ length: 20 }, (_, index) => ({ title: `Question ${index}?` }))
    const { status, body } = await opened.ask(post('/batch', items))
    expect(status).toBe(202)
    expect(append.mock.calls.filter(([batches]) => batches[0]?.topic === 'datos_crudos')).toHaveLength(1)
    expect(acceptedIn(body).map(({ index }) => index)).toEqual(items.map((_, index) => index))
    expect(body.rejected).toEqual([])
    await vi.waitFor(async () => {
      expect(await counts(body.batch_id)).toEqual({
        ...{ batch_id: body.batch_id, accepted: 20, rejected: 0 },
        ...{ delivered: 20, failed: 0, open: 0, completed: true },
      })
    }, PATIENCE)
    expect(calls).toBe(20)
  })

  it('rejects items with every fault, and puts in the others', async () => {
    const items = [
      { title: 'One?' },
      { title: 7, colour: 'red' },
      'text',
      { title: 'Two?', task_type: 'nonsense' },
      {},
    ]
    const { status, body } = await opened.ask(post('/batch', items))
    expect(status).toBe(202)
    expect(acceptedIn(body)).toEqual([expect.objectContaining({ index: 0 })])
    const rejected = body.rejected as readonly { index: number; faults: readonly { pointer: string }[] }[]
    expect(rejected.map(({ index, faults }) => [index, faults.map(({ pointer }) => pointer).sort()])).toEqual(
      [
        [1, ['/colour', '/title']],
        [2, ['']],
        [3, ['/task_type']],
        [4, ['/title']],
      ],
    )
    expect(await counts(body.batch_id)).toMatchObject({ accepted: 1, rejected: 4 })
  })

  it('may be lines, and rejects its last line alone where that line is torn', async () => {
    const { status, body } = await lines('{"title": "One?"}\n\n{"title": "Two?"}\r\n{"title": "Thr')
    expect(status).toBe(202)
    expect(acceptedIn(body)).toHaveLength(2)
    expect(body.rejected).toEqual([
      { index: 2, faults: [{ pointer: '', reason: expect.stringMatching(/^is no JSON/) }] },
    ])
  })

  it('joins equal questions, those of one batch too', async () => {
    const { body } = await opened.ask(post('/batch', [{ title: 'One?' }, { title: ' One? ' }]))
    const [first, second] = acceptedIn(body)
    expect(second).toEqual({ ...first, index: 1, joined: true })
  })

  it('sent again under its Idempotency-Key is the same batch, whose questions are bought once', async () => {
    const again = () =>
      opened.ask(post('/batch', [{ title: 'One?' }, { title: 'Two?' }], { 'idempotency-key': 'b-1' }))
    const [first, second] = [await again(), await again()]
    expect(second.body).toEqual(first.body)
    await vi.waitFor(async () => expect((await counts(first.body.batch_id)).completed).toBe(true), PATIENCE)
    expect(calls).toBe(2)
    const other = await opened.ask(post('/batch', [{ title: 'Three?' }], { 'idempotency-key': 'b-1' }))
    expect(other.body.code).toBe('key_reused')
  })

  it.each<[string, boolean]>([
    ['as the gateway remembers it', true],
    ['where no gateway remembers it', false],
  ])('sent again after its end buys nothing, although it holds equal questions: %s', async (_, isKept) => {
    const again = (server = opened.server) =>
      asked(
        server,
        post('/batch', [{ title: 'One?' }, { title: 'One?' }, { title: 'Two?' }], {
          'idempotency-key': 'b-3',
        }),
      )
    const first = await again()
    await vi.waitFor(async () => expect((await counts(first.body.batch_id)).completed).toBe(true), PATIENCE)
    const batches = isKept ? opened.gateway.batches : new Batches(undefined)
    const second = await again(serverOf({ ...opened.gateway, batches }))
    expect(second.body).toEqual(first.body)
    expect(calls).toBe(2)
    expect(opened.gateway.runs.underWay(organizationOf(''), String(acceptedIn(first.body)[0]?.id))).toBe(
      undefined,
    )
  })

  it.each<[string, boolean]>([
    ['as the gateway remembers it', true],
    ['where no gateway remembers the batch', false],
  ])('sent again keeps the ended run of another caller that it had joined: %s', async (_, isKept) => {
    const other = await opened.ask(post('/query', { title: 'One?' }))
    const again = (server = opened.server) =>
      asked(server, post('/batch', [{ title: 'One?' }], { 'idempotency-key': 'b-4' }))
    const first = await again()
    expect(acceptedIn(first.body)).toMatchObject([{ task_id: other.body.task_id, joined: true }])
    await vi.waitFor(async () => expect((await counts(first.body.batch_id)).completed).toBe(true), PATIENCE)
    const batches = isKept ? opened.gateway.batches : new Batches(undefined)
    const second = await again(serverOf({ ...opened.gateway, batches }))
    expect(second.body).toEqual(first.body)
    expect(calls).toBe(1)
  })

  it('leaves no run behind when its key is refused, and its questions can be asked', async () => {
    const batch = (...items: object[]) => post('/batch', items, { 'idempotency-key': 'b-2' })
    await opened.ask(batch({ title: '' }, { title: 'Five?' }))
    const { body } = await opened.ask(batch({ title: 'Four?' }, { title: 'Six?' }))
    expect(body.code).toBe('key_reused')
    const asked = await opened.ask(post('/query?wait=20s', { title: 'Four?' }))
    expect(asked.status).toBe(200)
  })

  it('leaves no run behind when the log takes nothing of it', async () => {
    vi.spyOn(opened.log, 'append').mockRejectedValueOnce(
      new CaudalError('LOG_UNAVAILABLE', { reason: 'away' }),
    )
    const refused = await opened.ask(post('/batch', [{ title: 'One?' }, { title: 'Two?' }]))
    expect(refused.body.code).toBe('log_unavailable')
    const { body } = await opened.ask(post('/batch', [{ title: 'One?' }]))
    expect(acceptedIn(body)[0]).not.toHaveProperty('joined')
  })

  it.each<[string, () => Promise<{ body: Readonly<Record<string, unknown>> }>, string, string?]>([
    ['an empty list', () => opened.ask(post('/batch', [])), 'invalid_request', ''],
    ['an object', () => opened.ask(post('/batch', { title: 'One?' })), 'invalid_request', ''],
    [
      '1,001 items',
      () => opened.ask(post('/batch', Array(1_001).fill({ title: 'x' }))),
      'invalid_request',
      '',
    ],
    [
      'no item without a fault',
      () => opened.ask(post('/batch', [{ title: '' }])),
      'invalid_request',
      '/0/title',
    ],
    ['more than 4 MB', () => opened.ask(post('/batch', [{ title: 'x'.repeat(4_000_000) }])), 'too_large'],
    [
      'lines that are no UTF-8',
      () =>
        opened.ask({
          ...post('/batch', ''),
          headers: { 'content-type': 'application/x-ndjson' },
          payload: Buffer.from([0x22, 0xff]),
        }),
      'not_json',
    ],
    ['compressed lines', () => lines('x', { 'content-encoding': 'gzip' }), 'media_type_unknown'],
  ])('is refused as %s', async (_, send, code, pointer) => {
    const { body } = await send()
    expect(body.code).toBe(code)
    if (pointer !== undefined) expect(body.faults).toEqual([{ pointer, reason: expect.any(String) }])
  })

  it('POST /batch alone takes lines', async () => {
    const { body } = await opened.ask(
      post('/query', '{"title": "x"}', { 'content-type': 'application/x-ndjson' }),
    )
    expect(body.code).toBe('media_type_unknown')
  })
})

/** A fault of the program: what it throws ends a record as a dead letter. */
const BROKEN = {
  ...TASK_TYPES,
  summarization: {
    ...summarization,
    get prompt(): never {
      throw new TypeError('a fault of the program')
    },
  },
}

describe('GET /batch/{id}', () => {
  it('calls no batch complete in which a question is a dead letter', async () => {
    await using broken = await openGateway(scripted(REPLY), {}, { taskTypes: BROKEN })
    const items = [{ title: 'One?' }, { text: 'Two.', task_type: 'summarization' }]
    const { body } = await broken.ask(post('/batch', items))
    await vi.waitFor(async () => {
      const { body: counted } = await broken.ask({ url: `/batch/${body.batch_id}` })
      expect(counted).toMatchObject({ delivered: 1, failed: 1, open: 0, completed: false })
    }, PATIENCE)
    expect(await broken.running.deadLetters()).toHaveLength(1)
  })

  it('knows no batch of another organisation, and no unknown batch', async () => {
    expect((await opened.ask({ url: '/batch/nothing' })).body.code).toBe('batch_unknown')
    const { body } = await opened.ask(post('/batch', [{ title: 'One?' }]))
    const other = serverOf({ ...opened.gateway, batches: new Batches(undefined) })
    expect((await other.inject({ url: `/batch/${body.batch_id}` })).statusCode).toBe(404)
  })
})
