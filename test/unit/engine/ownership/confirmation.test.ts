/** Who has confirmed a pod, and for how long that counts: each question counts from when it was asked. */
import { describe, expect, it } from 'vitest'
import { Confirmation } from '#engine/ownership/confirmation.ts'

const SESSION_MS = 6_000
/** Two thirds of a session, and a sixtieth. */
const LEASE_MS = 4_000
const MOMENT_MS = 100

/** A pod at time 10,000. The group and the log have confirmed it at these times. */
function confirmed(byGroup: number, byLog: number) {
  const clock = { now: 10_000 }
  const confirmation = new Confirmation({
    system: { monotonic: () => clock.now },
    sessionTimeoutMs: SESSION_MS,
    membership: () => ({ confirmedAt: byGroup }),
    committer: { lastGoodAt: byLog },
  })
  return { clock, confirmation }
}

describe('a pod', () => {
  it.each([
    ['the group alone, within the lease', 10_000 - LEASE_MS + 1, 0, true, true],
    ['the group alone, a lease ago', 10_000 - LEASE_MS, 0, false, false],
    ['the log just now', 0, 10_000 - MOMENT_MS + 1, false, true],
    ['the log a moment ago', 0, 10_000 - MOMENT_MS, false, false],
  ])('a pod is confirmed by %s', (_, byGroup, byLog, isByGroup, isByAny) => {
    const { confirmation } = confirmed(byGroup, byLog)
    expect([confirmation.isByGroup, confirmation.isByAny]).toEqual([isByGroup, isByAny])
  })

  it('a pod is confirmed by claims as of when it asked for them, not as of when it got them', () => {
    const { clock, confirmation } = confirmed(0, 9_000)
    expect(confirmation.wantsLook).toBe(true)
    const found = confirmation.look()
    clock.now += MOMENT_MS - 1
    found()
    expect(confirmation.isByAny).toBe(true)
    clock.now += 1
    expect(confirmation.isByAny).toBe(false)
  })

  it('a pod that may have slept is confirmed only by what it asks for afterwards', () => {
    const { clock, confirmation } = confirmed(10_000, 10_000)
    const found = confirmation.look()
    confirmation.doubt()
    found()
    expect([confirmation.isByGroup, confirmation.isByAny]).toEqual([false, false])
    clock.now += 1
    expect(confirmation.wantsLook).toBe(false)
  })
})
