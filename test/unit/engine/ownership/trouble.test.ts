/** What a pod says of operations that fail: each trouble once, for as long as it lasts. */
import { beforeEach, describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { resolveLimits } from '#core/limits.ts'
import { Trouble } from '#engine/ownership/trouble.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const full = new CaudalError('LOG_FULL', { path: '/disk' })
const away = new CaudalError('LOG_UNAVAILABLE', { reason: 'no answer' })
const limits = resolveLimits({ sessionTimeout: 6_000 })

describe('an operation that fails again and again', () => {
  const warnings: unknown[] = []
  let time: VirtualTime
  let trouble: Trouble

  beforeEach(() => {
    warnings.length = 0
    time = new VirtualTime(1)
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (_: string, fields?: object) => void warnings.push(fields),
    }
    const host = { system: time.system, logger, limits, fail: () => expect.unreachable('the pod goes on') }
    trouble = new Trouble(host, { committedBytes: 0 })
  })

  it('a failure is logged once, though other operations succeed in between', async () => {
    for (let tries = 0; tries < 50; tries++) {
      trouble.operationFailed(full)
      await time.runFor(1_000)
    }
    expect(warnings).toEqual([{ error: String(full) }])
  })

  it('a failure is logged if it differs from the one before', () => {
    trouble.operationFailed(full)
    trouble.operationFailed(away)
    expect(warnings).toEqual([{ error: String(full) }, { error: String(away) }])
  })

  it('a failure is logged again if it comes back after a session without it', async () => {
    trouble.operationFailed(full)
    await time.runFor(7_000)
    trouble.operationFailed(full)
    expect(warnings).toHaveLength(2)
  })
})
