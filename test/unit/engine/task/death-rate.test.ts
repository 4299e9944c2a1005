/** When a task dies of one reason too often. */
import { beforeEach, describe, expect, it } from 'vitest'
import { DeathRate } from '#engine/task/death-rate.ts'

describe('DeathRate', () => {
  const START = 1_700_000_000_000
  let rate: DeathRate
  beforeEach(() => {
    rate = new DeathRate()
  })

  /** Adds so many records at a time; tells whether the last one tripped it. */
  function add(count: number, at: number, dead: boolean): boolean {
    let tripped = false
    for (let i = 0; i < count; i++) {
      if (dead) tripped = rate.died(at)
      else rate.lived(at)
    }
    return tripped
  }

  it('trips above half of at least 100, not below', () => {
    expect(add(99, START, true)).toBe(false)
    expect(add(1, START, true)).toBe(true)
  })

  it('DeathRate does not trip at exactly half', () => {
    add(100, START, false)
    expect(add(100, START + 500, true)).toBe(false)
    expect(add(1, START + 500, true)).toBe(true)
    expect([rate.dead, rate.seen]).toEqual([101, 201])
  })

  it('DeathRate forgets what is older than a minute', () => {
    add(99, START, true)
    expect(add(99, START + 60_000, true)).toBe(false)
    expect(rate.seen).toBe(99)
    expect(add(1, START + 119_999, true)).toBe(true)
    expect(add(1, START + 120_000, true)).toBe(false)
    expect(rate.seen).toBe(2)
  })

  it('DeathRate counts over the whole minute', () => {
    for (let second = 0; second < 59; second++) add(1, START + second * 1_000, true)
    expect(add(40, START + 59_000, true)).toBe(false)
    expect(add(1, START + 59_999, true)).toBe(true)
  })

  it('DeathRate forgets everything after a long silence and after a reset', () => {
    add(1_000, START, false)
    add(99, START + 86_400_000, true)
    expect([rate.dead, rate.seen]).toEqual([99, 99])
    rate.reset()
    expect(add(99, START + 86_400_000, true)).toBe(false)
  })

  it('DeathRate goes on when the clock is set back', () => {
    add(60, START, true)
    expect(add(40, START - 3_600_000, true)).toBe(true)
    expect(rate.seen).toBe(100)
  })
})

describe('DeathRate by reason', () => {
  it('DeathRate by reason is of one reason: several that each are fewer than half stop nothing', () => {
    const rate = new DeathRate()
    const died = Array.from({ length: 300 }, (_, index) => rate.died(1_000, `reason ${index % 3}`))
    expect(died.includes(true)).toBe(false)
    expect(rate.dead).toBe(100)
    expect(Array.from({ length: 300 }, () => rate.died(1_000, 'reason 1')).at(-1)).toBe(true)
  })
})
