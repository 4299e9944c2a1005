/** Which answers had to be bought twice, judged by the first buyer's messages about its tasks and its commits. */
import { describe, expect, it } from 'vitest'
import { judgePurchases } from '../../integration/chaos/purchases.ts'
import { billOf, type Fault } from '../../integration/faults/bill.ts'
import type { Call } from '../../integration/pods/model-bill.ts'
import type { PodMessage } from '../../integration/pods/pod-settings.ts'

const call = (pod: string, begun: number, takenInAt: number): Call => ({
  ...{ call: 'c', id: 'q1', key: 'k1', round: 1, pod, begun },
  ...{ ended: takenInAt, delivered: true, takenInAt },
})
const BOUGHT_TWICE = [call('a#1', 1_000, 1_200), call('b#2', 8_000, 8_200)]
const lost = (at: number): PodMessage => ({ type: 'task', task: 'answer/0', to: 'closedDirty', at })

const committed = (from: number, at: number): PodMessage => ({ type: 'commit', durationMs: at - from, at })
const commitFailed = (at: number): PodMessage => ({ type: 'commitFailed', error: 'cut', at })

/** Judges by the messages of the pod that bought first. */
function judged(messages: readonly PodMessage[], faults: readonly Fault[] = []) {
  const life = { incarnation: 'a#1', messages: [...messages] }
  const { unexplained, durable } = judgePurchases({ bill: billOf(BOUGHT_TWICE, faults) }, [life], 1)
  return { unexplained: unexplained.length, durable: durable.length }
}

describe('an answer that was bought twice', () => {
  it('an answer that was bought twice is unexplained where the first buyer kept its task', () => {
    expect(judged([])).toEqual({ unexplained: 1, durable: 0 })
  })

  it('an answer that was bought twice is explained by the loss of the task before the answer was committed', () => {
    expect(judged([committed(1_150, 1_300), lost(5_000)])).toEqual({ unexplained: 0, durable: 0 })
  })

  it('an answer that was bought twice is not explained by a loss before the first purchase', () => {
    expect(judged([lost(900)])).toEqual({ unexplained: 1, durable: 0 })
  })

  it('an answer that was bought twice was durable where a commit that began after the answer was done when the task was lost', () => {
    expect(judged([committed(4_000, 4_100), lost(5_000)])).toEqual({ unexplained: 0, durable: 1 })
  })

  it('an answer that was bought twice may not have been in a commit that came after one that failed', () => {
    const told = [commitFailed(1_300), committed(4_000, 4_100), lost(5_000)]
    expect(judged(told)).toEqual({ unexplained: 0, durable: 0 })
  })

  it('an answer that was bought twice was durable where it was committed before its pod died', () => {
    const at = { at: 5_000, until: Number.POSITIVE_INFINITY, cycleBegunAt: 4_000 }
    const death: Fault = { kind: 'kill', pod: 'a#1', ...at, partitions: new Set([0]) }
    expect(judged([committed(4_000, 4_100)], [death])).toEqual({ unexplained: 0, durable: 1 })
  })

  it('an answer that was bought twice is explained by the death of its pod', () => {
    const at = { at: 5_000, until: Number.POSITIVE_INFINITY, cycleBegunAt: 1_150 }
    const death: Fault = { kind: 'kill', pod: 'a#1', ...at, partitions: new Set([0]) }
    expect(judged([], [death])).toEqual({ unexplained: 0, durable: 0 })
  })
})
