/** A request of the driver that fails: asked again while that passes, and published each time. */
import { afterEach, expect, test } from 'vitest'
import { type DiagnosticEvents, subscribe } from '#core/diagnostics.ts'
import { CaudalError } from '#core/errors.ts'
import { persist } from '#engine/log/kafka/persist.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

function asking() {
  const retried: DiagnosticEvents['caudal:log:retried'][] = []
  const refused: DiagnosticEvents['caudal:log:refused'][] = []
  ends.push(subscribe('caudal:log:retried', message => void retried.push(message)))
  ends.push(subscribe('caudal:log:refused', message => void refused.push(message)))
  const time = new VirtualTime(1)
  const ask = (attempt: () => Promise<number>) =>
    time.settle(
      persist(
        { system: time.system, unavailableAfterMs: 1_000 },
        { request: 'Metadata', resource: 'topic a' },
        attempt,
      ),
    )
  return { retried, refused, ask }
}

const away = () => Promise.reject(new CaudalError('LOG_UNAVAILABLE', { reason: 'a test' }))

test('a request that fails in passing is published as retried, and not as refused once it is answered', async () => {
  const { retried, refused, ask } = asking()
  let left = 3
  expect(await ask(() => (left-- > 0 ? away() : Promise.resolve(7)))).toBe(7)
  expect(retried.map(({ waitMs }) => waitMs)).toEqual([2, 3, 4.5])
  expect(retried[0]).toMatchObject({ request: 'Metadata', resource: 'topic a' })
  expect(refused).toEqual([])
})

test('a request that fails for too long is published as refused, with the error that its caller gets', async () => {
  const { refused, ask } = asking()
  await expect(ask(away)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
  expect(refused).toMatchObject([{ request: 'Metadata', error: { code: 'LOG_UNAVAILABLE' } }])
})

test.each([
  [-1, 'BROKER_REFUSED'],
  [7, 'LOG_UNAVAILABLE'],
])('a request that is answered with code %d for too long ends with %s', async (code, ends) => {
  const { refused, retried, ask } = asking()
  const answer = () => Promise.reject(Object.assign(new TypeError('answered'), { code }))
  await expect(ask(answer)).rejects.toMatchObject({ code: ends })
  expect(retried.length).toBeGreaterThan(3)
  expect(refused).toHaveLength(1)
})
