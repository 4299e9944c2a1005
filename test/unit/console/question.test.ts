/** The page of one question before a gateway that the test plays. */
import { expect, it, vi } from 'vitest'
import { askPage } from '#console/pages/ask.ts'
import { questionPage } from '#console/pages/question.ts'
import { type Draft, draftAfter, type Token } from '#console/pieces.ts'
import { place, placeOf } from '#console/place.ts'
import type { RunEvent } from '#console/shapes.ts'
import { drawn, listeners } from './drawn.ts'
import { passed, playTime, standIn } from './gateway-stand-in.ts'

playTime()

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
  expect(shown).toContain('Nobody has judged it yet')
  expect(shown.match(/<li class=event/g)).toHaveLength(1)
  page.close?.()
})

it.each<[string, readonly (RunEvent | Token)[], Draft | undefined]>([
  [
    'begins again at a restart',
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
  const replaceState = vi.fn()
  vi.stubGlobal('history', { replaceState })
  const asked = standIn(path => (path === '/query' ? { task_id: 'b' } : 'stream'))
  const [submit] = listeners(askPage(placeOf('#/ask')).view(), '@submit')
  submit?.({ preventDefault: () => undefined })
  await passed(0)
  expect(asked[0]?.body).toMatchObject({ stream: true })
  asked[1]?.send('token', token('It melts'))
  await passed(0)
  expect(drawn(askPage(placeOf('#/ask')).view())).toMatch(/Nobody has judged it yet.*It melts/s)
  // The address leads another window to the same.
  expect(replaceState.mock.calls.map(([, , link]) => link)).toEqual(['#/ask?task=b'])
  askPage(placeOf('#/ask?task=c'))
  await passed(0)
  expect(asked.at(-1)?.path).toBe('/task/c/events')
})

it('an earlier moment is shown by the time of its event', async () => {
  const later = '2026-01-01T00:00:07.000Z'
  const events = [
    { kind: 'accepted', at },
    { kind: 'waiting', at: later, attempt: 1, until: Date.parse(later) + 60_000 },
    { kind: 'generated', at: later, attempt: 2, reply: 'So.' },
  ]
  standIn(path => (path.endsWith('/history') ? { task_id: 'a', events } : 'stream'))
  place.value = { ...PLACE, query: { moment: '2' } }
  const page = questionPage(place.value)
  await passed(0)
  const shown = drawn(page.view())
  expect(shown).toContain('took 7 s')
  expect(shown).toContain('The call is made again in 1 min')
  page.close?.()
})
