/** Incarnations are unique, and tell which pod they were of. */
import { describe, expect, it } from 'vitest'
import type { System } from '#core/system.ts'
import { incarnationOf, isSamePod } from '#engine/ownership/incarnation.ts'

const systemAt = (now: number, random = 0.5): System => ({
  now: () => now,
  monotonic: () => now,
  after: () => () => {},
  defer: () => {},
  random: () => random,
})

describe('incarnation', () => {
  it('an incarnation differs from start to start, even within a millisecond', () => {
    expect(incarnationOf('pod', systemAt(1))).not.toBe(incarnationOf('pod', systemAt(2)))
    expect(incarnationOf('pod', systemAt(1, 0.1))).not.toBe(incarnationOf('pod', systemAt(1, 0.2)))
  })

  it('an incarnation is of the same pod as an earlier one of that name, and not as itself', () => {
    const earlier = incarnationOf('pod-1', systemAt(1))
    const later = incarnationOf('pod-1', systemAt(2))
    expect(isSamePod(later, earlier)).toBe(true)
    expect(isSamePod(later, later)).toBe(false)
  })

  it('an incarnation is not of a pod whose name only begins or ends alike, colons included', () => {
    const one = incarnationOf('a:1', systemAt(1))
    for (const other of ['a', 'a:1:2', 'a:11', '1']) {
      expect(isSamePod(one, incarnationOf(other, systemAt(2)))).toBe(false)
    }
    expect(isSamePod(one, incarnationOf('a:1', systemAt(2)))).toBe(true)
  })
})
