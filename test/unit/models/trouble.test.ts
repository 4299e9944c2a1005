/** Whose trouble a refusal is: a provider that refuses everybody fails no backlog, whatever its status. */
import { expect, test } from 'vitest'
import { limited } from '#models/limits.ts'
import { ModelError } from '#models/model.ts'
import { answering, call, failureOf, json, REQUEST } from './answering.ts'
import { gated } from './gated.ts'
import { settle } from './manual-time.ts'

/** Questions that have three attempts each. A question that has spent one comes back after the others. */
async function backlog(status: number) {
  const { model, seen } = await answering(json(status, { error: { message: 'no' } }))
  const gate = limited(model, { waitMaxMs: 0, inFlightStart: 20, inFlightMax: 20 })
  const spends = async (subject: string) =>
    (await failureOf(gate.complete({ ...REQUEST, subject }, call(subject)))).spent
  let left = Array.from({ length: 100 }, (_, n) => `q${n}`)
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const spent: string[] = []
    for (let n = 0; n < left.length; n += 20)
      await Promise.all(
        left.slice(n, n + 20).map(async subject => {
          if (await spends(subject)) spent.push(subject)
        }),
      )
    left = spent
  }
  return { figures: gate.figures(), givenUp: left.length, calls: seen.length }
}

test.each([406, 409, 410, 411, 414, 415, 417, 418, 421, 423, 424, 426, 428, 431, 499])(
  'a provider that answers everything by %i is not called any more, and the reason names what to check',
  async status => {
    const { figures, givenUp, calls } = await backlog(status)
    expect(figures).toMatchObject({ breakerOpen: true, needsPerson: true })
    expect(figures.breakerReason).toMatch(/check .*OPENAI_BASE_URL/)
    expect(givenUp).toBe(0)
    expect(calls).toBeLessThan(60)
  },
)

test('ten questions that fail for a reason that nobody knows stop further calls', async () => {
  const { model, calls, fail, errors } = gated()
  await calls(12)
  await fail(new ModelError('other', { model: 'm', reason: 'Invalid header value' }))
  expect(model.figures()).toMatchObject({ breakerOpen: true, needsPerson: true })
  expect(errors.filter(({ spent }) => spent)).toHaveLength(9)
})

test.each([406, 410, 418])(
  'a question that is refused by %i again and again while others are answered spends attempts, and holds up nobody',
  async status => {
    const { model } = await answering(json(status, { error: { message: 'no' } }))
    const refusal = await failureOf(model.complete(REQUEST, call()))
    const gate = gated()
    for (let times = 0; times < 12; times += 1) {
      gate.call(undefined, 'its own')
      await gate.calls(1)
      await gate.fail(refusal, 1)
      await gate.answer()
      await settle()
    }
    expect(gate.errors.slice(1).every(({ spent }) => spent)).toBe(true)
    expect(gate.model.figures().breakerOpen).toBe(false)
  },
)
