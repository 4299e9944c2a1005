/** Lays every answer that was bought twice at the door of the fault that caused it. */
import { type Call, inFlight, type Repurchase, repurchases } from '../pods/model-bill.ts'

/** From when a pod has read an answer to when the work that waited for it is ready to be committed. */
export const WORK_MS = 50

/** A pod that was killed or paused. */
export interface Fault {
  readonly kind: 'kill' | 'freeze'
  readonly pod: string
  readonly at: number
  /** When it went on, if it did: the model hears of a call a little after it was made, so `at` is not the end. */
  until: number
  /** What was answered earlier was part of a commit that was done. */
  readonly cycleBegunAt: number
  /** What it ran then. */
  readonly partitions: ReadonlySet<number>
}

export interface FaultBill {
  readonly fault: Fault
  /** Calls under way when it happened. */
  readonly inFlight: number
  /** Of these, bought again. */
  readonly again: number
  /** Calls answered before it happened, bought again. */
  readonly answeredAgain: number
  /** Of these, taken in before the open commit cycle, so that they should have been safe. */
  readonly committedAgain: readonly Repurchase[]
}

export interface Bill {
  readonly faults: readonly FaultBill[]
  /** Bought twice, and no fault of the first buyer explains it. */
  readonly unexplained: readonly Repurchase[]
  readonly calls: number
  readonly boughtTwice: number
}

export function billOf(calls: readonly Call[], faults: readonly Fault[]): Bill {
  const twice = repurchases(calls)
  const causes = new Map(twice.map(each => [each, causeOf(each, faults)]))
  const bills = faults.map(fault => {
    const caused = twice.filter(each => causes.get(each) === fault)
    const answered = caused.filter(({ first }) => first.ended !== undefined && first.ended <= fault.at)
    return {
      fault,
      inFlight: inFlight(calls, fault.pod, fault.at, fault.until),
      again: caused.length - answered.length,
      answeredAgain: answered.length,
      committedAgain: answered.filter(({ first: { takenInAt } }) => {
        return takenInAt !== undefined && takenInAt < fault.cycleBegunAt - WORK_MS
      }),
    }
  })
  const unexplained = twice.filter(each => causes.get(each) === undefined)
  return { faults: bills, unexplained, calls: calls.length, boughtTwice: twice.length }
}

/** The first fault of the first buyer after it began to buy. What happens after the second purchase began did not cause it. */
function causeOf({ first, second }: Repurchase, faults: readonly Fault[]): Fault | undefined {
  return faults.find(({ pod, at, until }) => pod === first.pod && first.begun <= until && at <= second.begun)
}
