/** When questions that a brake stops look again. */
import { describe, expect, it } from 'vitest'
import { Braked, BrakeQueue } from '#operators/brake.ts'

const NOW = 1_000_000
const waiting = { now: NOW, headers: { get: () => undefined } }
const lookOf = (queue: BrakeQueue, scope: string) => Number(queue.options(waiting, stopped(scope)).notBefore)
const stopped = (scope: string) => new Braked('m', { scope, reason: 'too dear', since: NOW })

describe('questions that wait for a brake', () => {
  it('check the brake one after another, the first within two seconds, and each within ten minutes', () => {
    const queue = new BrakeQueue()
    const looks = Array.from({ length: 200_000 }, () => lookOf(queue, 'everything'))
    expect(looks[0]).toBeLessThanOrEqual(NOW + 2_000)
    expect(looks[1]).toBeGreaterThan(looks[0] ?? 0)
    expect(looks.at(-1)).toBe(NOW + 600_000)
  })

  it('do not wait behind questions that another brake stops', () => {
    const queue = new BrakeQueue()
    for (let count = 0; count < 10_000; count++) lookOf(queue, 'organization:acme')
    expect(lookOf(queue, 'task_type:summary')).toBeLessThanOrEqual(NOW + 2_000)
  })
})
