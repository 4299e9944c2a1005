/** What callbacks have for a step: in order, and only as much at a time as keeps the thread for a moment. */
import { expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { HALF_STEP_MS_MAX, Inbox } from '#engine/pod/inbox.ts'

it('callbacks that take long go on in the next steps, in their order, before what they have added', () => {
  let nowMs = 0
  const deferred: (() => void)[] = []
  const system = { ...realSystem, monotonic: () => nowMs, defer: (step: () => void) => deferred.push(step) }
  const steps: string[][] = []
  const inbox = new Inbox(system, () => {
    steps.push([])
    inbox.take()
  })
  const took = (name: string) => {
    steps.at(-1)?.push(name)
    nowMs += HALF_STEP_MS_MAX / 2
  }
  inbox.enqueue(() => {
    took('a')
    inbox.enqueue(() => took('f'))
  })
  for (const name of ['b', 'c', 'd', 'e']) inbox.enqueue(() => took(name))
  for (let step = deferred.shift(); step; step = deferred.shift()) step()
  expect(steps).toEqual([
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f'],
  ])
  expect(inbox.isEmpty).toBe(true)
})
