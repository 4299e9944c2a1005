/** Texts put in, and delivered answers listed by pages. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { organizationOf } from '#stores/organization.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { answer } from '../../conformance/answer-store.ts'
import { scripted } from '../operators/values.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'

const NOBODY = organizationOf(undefined)

let folder: string
let store: SqliteAnswers
let opened: Opened
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-answers-'))
  store = new SqliteAnswers({ path: join(folder, 'answers.db'), system: realSystem })
  opened = await openGateway(scripted({ text: 'Fine.' }), { answers: store })
  const of = (n: number, more = {}) =>
    answer({ id: `run-${n}`, organization: NOBODY, deliveredAt: 1_000 * n, ...more })
  await store.save([
    of(1),
    of(2, { final: 3, taskType: 'moderation' }),
    of(3, { title: 'What is a valve for?' }),
  ])
  await store.save([of(4, { organization: organizationOf('acme') })])
})
afterAll(async () => {
  await opened[Symbol.asyncDispose]()
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

async function listed(query = '') {
  const { status, body } = await opened.ask({ url: `/answers${query}` })
  expect(status).toBe(200)
  const answers = body.answers as readonly { readonly task_id: string }[]
  return { ids: answers.map(each => each.task_id), next: body.next }
}

describe('GET /answers', () => {
  it('lists the answers of the caller page by page, the newest first', async () => {
    expect((await listed()).ids).toEqual(['run-3', 'run-2', 'run-1'])
    const first = await listed('?limit=2')
    expect(first.ids).toEqual(['run-3', 'run-2'])
    expect(await listed(`?limit=2&cursor=${first.next}`)).toEqual({ ids: ['run-1'], next: undefined })
  })

  it('narrows the list by the parameters of its query', async () => {
    expect((await listed('?below=5')).ids).toEqual(['run-2'])
    expect((await listed('?task_type=moderation')).ids).toEqual(['run-2'])
    expect((await listed('?q=VALVE')).ids).toEqual(['run-3'])
    expect((await listed('?since=1970-01-01T00:00:02Z')).ids).toEqual(['run-3', 'run-2'])
  })

  it.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'since=yesterday',
    'since=-271821-04-20T00:00:00Z',
    'q=a%00',
    'cursor=x',
    'cursor=W10',
    'below=-1',
    'q=',
  ])('refuses %s by its name', async query => {
    const { status, body } = await opened.ask({ url: `/answers?${query}` })
    expect(status).toBe(400)
    expect(body.faults).toEqual([{ pointer: `/${query.split('=')[0]}`, reason: expect.any(String) }])
  })
})

describe('POST /process', () => {
  it('accepts a text, and the task of the text shows its outcome', async () => {
    const { status, body } = await opened.ask(
      post('/process', { text: 'A long text.', task_type: 'summarization' }),
    )
    expect(status).toBe(202)
    const task = await opened.ask({ url: `/task/${body.task_id}?wait=30s` })
    expect(task.body).toMatchObject({ state: 'delivered', task_type: 'summarization' })
  })

  it('refuses an unknown task type and a body without text', async () => {
    for (const [body, pointer] of [
      [{ text: 'x' }, '/task_type'],
      [{ text: 'x', task_type: 'nonsense' }, '/task_type'],
      [{ text: '', task_type: 'qa' }, '/text'],
      [{ title: 'x', text: 'x', task_type: 'qa' }, '/title'],
    ] as const)
      expect((await opened.ask(post('/process', body))).body.faults).toEqual([
        { pointer, reason: expect.any(String) },
      ])
  })
})
