/** Pods that come and go in good order: nothing is bought twice, and tasks that move pause briefly. */
import { expect } from 'vitest'
import { handOversMs } from '../pauses.ts'
import type { Rig, Verdict } from '../rig.ts'
import { expectFairBill, HAND_OVER_MS, report, type Scenario } from '../scenario.ts'
import { pause } from '../until.ts'

const SETTLE_MS = 3_000
const SPREAD_WITHIN_MS = 15_000
const LONGEST_CALL_MS = 500
/** Long enough that each pod has as many calls in flight as it may. */
const BUSY = {
  perSecond: 2_000,
  model: { latencyMinMs: 100, latencyMaxMs: LONGEST_CALL_MS, slow: {} },
} as const

export const scaled: Scenario = {
  name: 'scale from 1 to 4, 2, 3 and 1 pods',
  options: BUSY,
  async play(rig) {
    await rig.startPods(['a'])
    rig.begin()
    await pause(SETTLE_MS)
    await grow(rig, ['b', 'c', 'd'])
    await shrink(rig, ['a', 'c'])
    await grow(rig, ['e'])
    await shrink(rig, ['b', 'd'])
  },
  check: expectGentleMoves,
}

export const rollingRestart: Scenario = {
  name: 'rolling restart of 3 pods',
  options: BUSY,
  async play(rig) {
    const names = ['a', 'b', 'c']
    await rig.startPods(names)
    rig.begin()
    for (const name of names) {
      await pause(SETTLE_MS)
      await rig.pod(name).stop()
      await grow(rig, [name])
    }
  },
  check: expectGentleMoves,
}

async function grow(rig: Rig, names: readonly string[]): Promise<void> {
  for (const name of names) rig.startPod(name)
  await rig.untilSpread(SPREAD_WITHIN_MS)
  await pause(SETTLE_MS)
}

async function shrink(rig: Rig, names: readonly string[]): Promise<void> {
  await Promise.all(names.map(name => rig.pod(name).stop()))
  await rig.untilSpread(SPREAD_WITHIN_MS)
  await pause(SETTLE_MS)
}

function expectGentleMoves(verdict: Verdict, rig: Rig): void {
  expectFairBill(verdict)
  expect.soft(verdict.bill.boughtTwice, 'calls bought twice').toBe(0)
  const pauses = handOversMs(verdict.calls, rig.options.partitions)
  const fences = rig.lives.flatMap(each => each.messages.filter(({ type }) => type === 'fence')).length
  report('', { moves: pauses.length, longestPauseMs: Math.max(...pauses), fences })
  rig.atMost('pause of a task that moved, ms', Math.max(...pauses), LONGEST_CALL_MS + HAND_OVER_MS)
}
