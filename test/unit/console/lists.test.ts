/** The list of questions before a gateway that the test plays, and what addresses keep. */
import { expect, it } from 'vitest'
import { stateAddress, taskAddress } from '#console/addresses.ts'
import { questionsPage } from '#console/pages/questions.ts'
import { linkTo, place, placeOf } from '#console/place.ts'
import { drawn, listeners } from './drawn.ts'
import { passed, playTime, standIn } from './gateway-stand-in.ts'

playTime()

it('an address keeps what is empty, and leaves out what is not there', () => {
  const link = linkTo('questions', '', { organization: '', q: undefined, state: 'failed' })
  expect(link).toBe('#/questions?organization=&state=failed')
  expect(placeOf(link).query).toEqual({ organization: '', state: 'failed' })
})

it('questions of no organisation are asked for as such, and the page says so', async () => {
  const asked = standIn(() => ({ tasks: [], looked_at: 0 }))
  place.value = placeOf('#/questions?organization=')
  const page = questionsPage()
  await passed(0)
  expect(asked[0]?.path).toBe('/tasks?organization=')
  expect(drawn(page.view())).toContain('Only questions that belong to no organisation.')
  page.close?.()
})

it('a next page that is refused says why', async () => {
  const refusal = { status: 503, code: 'store_unavailable', title: 'The database does not answer.' }
  standIn(path => (path.includes('cursor') ? refusal : { tasks: [], looked_at: 5, next: 'more' }))
  place.value = placeOf('#/questions')
  const page = questionsPage()
  await passed(0)
  for (const listener of listeners(page.view(), '@click')) listener()
  await passed(0)
  expect(drawn(page.view())).toContain('The database does not answer.')
  page.close?.()
})

it.each([
  ['a/b', 'history', undefined, '/task/a%2Fb/history'],
  ['...', 'events', 'acme', '/task/.../events?organization=acme'],
  ['.', 'events', undefined, '/tasks/events?id=.'],
  ['..', 'history', '', '/tasks/history?id=..&organization='],
] as const)(
  'the task %s is asked for at an address that no browser shortens',
  (id, part, organization, path) => {
    expect(taskAddress(id, part, organization)).toBe(path)
    const { pathname, search } = new URL(path, 'http://here')
    expect(pathname + search).toBe(path)
  },
)

it('what is stored under a dot is asked for by the query', () => {
  expect(stateAddress('admit', 'a b')).toBe('/state/admit/a%20b')
  expect(stateAddress('admit', '..')).toBe('/state?operator=admit&record_key=..')
})
