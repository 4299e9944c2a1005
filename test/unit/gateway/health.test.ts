/** What health says of the views of a gateway. */
import { expect, it, vi } from 'vitest'
import { realSystem } from '#core/system.ts'
import { Health, viewsPart } from '#gateway/health.ts'

it('a gateway is down, with a reason, once it can no longer follow one of its views', async () => {
  const events = Promise.withResolvers<void>()
  const health = new Health(realSystem)
  health.watch(viewsPart({ outcomes: { ended: new Promise(() => {}) }, events: { ended: events.promise } }))
  expect((await health.report()).status).toBe('ok')
  events.reject(new TypeError('the topic was removed'))
  await vi.waitFor(async () => expect((await health.report()).status).toBe('down'))
  const [part] = (await health.report()).parts
  expect(part).toMatchObject({
    name: 'views',
    state: 'down',
    reason: expect.stringMatching(/^events .* the topic was removed/),
  })
})
