/** Which answers that were bought twice had to be: by what the first buyer told of its tasks and its commits. */
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

/** The pod that bought first, with what it told, and when its open commit had begun. */
function judged(messages: readonly PodMessage[], cycleBegunAt: number, faults: readonly Fault[] = []) {
  const life = { incarnation: 'a#1', messages: [...messages], cycleBegunBefore: () => cycleBegunAt }
  const { unexplained, durable } = judgePurchases({ bill: billOf(BOUGHT_TWICE, faults) }, [life], 1)
  return { unexplained: unexplained.length, durable: durable.length }
}

describe('an answer that was bought twice', () => {
  it('is unexplained where the first buyer kept its task', () => {
    expect(judged([], 0)).toEqual({ unexplained: 1, durable: 0 })
  })

  it('is explained by the loss of the task before the answer was committed', () => {
    expect(judged([lost(5_000)], 1_150)).toEqual({ unexplained: 0, durable: 0 })
  })

  it('is not explained by a loss before the first purchase', () => {
    expect(judged([lost(900)], 0)).toEqual({ unexplained: 1, durable: 0 })
  })

  it('was durable where a commit that began after the answer was done when the task was lost', () => {
    expect(judged([lost(5_000)], 4_000)).toEqual({ unexplained: 0, durable: 1 })
  })

  it('is explained by the death of its pod', () => {
    const at = { at: 5_000, until: Number.POSITIVE_INFINITY, cycleBegunAt: 1_150 }
    const death: Fault = { kind: 'kill', pod: 'a#1', ...at, partitions: new Set([0]) }
    expect(judged([], 0, [death])).toEqual({ unexplained: 0, durable: 0 })
  })
})
