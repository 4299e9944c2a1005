/** The page of one question before a gateway that the test plays. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { askPage } from '#console/pages/ask.ts'
import { questionPage } from '#console/pages/question.ts'
import { type Draft, draftAfter, type Token } from '#console/pieces.ts'
import type { RunEvent } from '#console/shapes.ts'
import { drawn } from './drawn.ts'
import { passed, standIn } from './gateway-stand-in.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const at = '2026-01-01T00:00:00.000Z'
const PLACE = { page: 'question', id: 'a', query: {} }
const SENT_AGAIN: readonly RunEvent[] = [
  { kind: 'accepted', at, title: 'Why?' },
  { kind: 'failed', at, reason: 'attempts_used_up' },
  { kind: 'accepted', at, title: 'Why?' },
]
const token = (text: string, more: Partial<Token> = {}): Token => ({
  ...{ kind: 'token', request_id: 'one', attempt: 1, at: 0, text },
  ...more,
})

it('a question that failed and was sent again is followed by one stream, until it ends', async () => {
  let events = SENT_AGAIN
  const asked = standIn(path => (path.endsWith('/history') ? { task_id: 'a', events } : 'stream'))
  const page = questionPage(PLACE)
  await passed(0)
  for (const event of SENT_AGAIN) asked[1]?.send(event.kind, event)
  await passed(20_000)
  expect(asked.map(({ path }) => path)).toEqual(['/task/a/history', '/task/a/events'])
  const end: RunEvent = { kind: 'delivered', at, answer: 'So.', final: 9 }
  events = [...SENT_AGAIN, end]
  asked[1]?.send('delivered', end)
  asked[1]?.end()
  await passed(20_000)
  expect(asked.map(({ path }) => path).slice(2)).toEqual(['/task/a/history'])
  page.close?.()
})

it('pieces of an answer are no events: they are shown as a text that nobody has judged', async () => {
  const asked = standIn(path => (path.endsWith('/history') ? { task_id: 'a', events: [] } : 'stream'))
  const page = questionPage(PLACE)
  await passed(0)
  asked[1]?.send('accepted', { kind: 'accepted', at })
  asked[1]?.send('token', token('It melts'))
  asked[1]?.send('token', token(' when hot.', { at: 8 }))
  await passed(0)
  const shown = drawn(page.view())
  expect(shown).toContain('It melts when hot.')
  expect(shown).toContain('path.draft')
  expect(shown).not.toContain('kind.token')
  page.close?.()
})

it.each<[string, readonly (RunEvent | Token)[], Draft | undefined]>([
  [
    'begins anew at a restart',
    [token('One'), token('Two', { restart: true })],
    { requestId: 'one', attempt: 1, text: 'Two' },
  ],
  [
    'is that of the newest call',
    [token('One'), token('Two', { request_id: 'two', attempt: 2 })],
    { requestId: 'two', attempt: 2, text: 'Two' },
  ],
  [
    'comes whole once more after a break',
    [token('One'), token('One, two')],
    { requestId: 'one', attempt: 1, text: 'One, two' },
  ],
  [
    'outlives a webhook',
    [token('One'), { kind: 'webhook_delivered', at }],
    { requestId: 'one', attempt: 1, text: 'One' },
  ],
  ['ends with its event', [token('One'), { kind: 'generated', at, reply: 'One' }], undefined],
])('a text that is being written %s', (_, said, draft) => {
  expect(said.reduce<Draft | undefined>(draftAfter, undefined)).toEqual(draft)
})

it('the page Ask asks for the pieces of its answer', async () => {
  vi.stubGlobal('location', { origin: 'http://here' })
  const asked = standIn(path => (path === '/query' ? { task_id: 'b' } : 'stream'))
  const submit = submitOf(askPage().view())
  submit({ preventDefault: () => undefined })
  await passed(0)
  expect(asked[0]?.body).toMatchObject({ stream: true })
  asked[1]?.send('token', token('It melts'))
  await passed(0)
  expect(drawn(askPage().view())).toMatch(/path\.draft.*It melts/s)
})

/** What the form of a template calls when it is sent. */
function submitOf(template: unknown): (event: unknown) => void {
  const { strings = [], values = [] } = template as {
    strings?: readonly string[]
    values?: readonly unknown[]
  }
  for (const [index, value] of values.entries()) {
    if (strings[index]?.endsWith('@submit=') && typeof value === 'function') return value as () => void
    if (typeof value === 'object' && value !== null && 'strings' in value) {
      const found = submitOf(value)
      if (found !== missing) return found
    }
  }
  return missing
}
const missing = (): never => {
  throw new TypeError('no form is in the template')
}
