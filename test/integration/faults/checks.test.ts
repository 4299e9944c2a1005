/** The checks of the fault tests find what they are for: each kind of damage, done by hand to a run that is right. */
import { describe, expect, it } from 'vitest'
import { partitionOf } from '#engine/log/partitioning.ts'
import { type Answer, addRound, follow, type Question, replyTo, roundsOf } from '../pods/graph.ts'
import type { Call } from '../pods/model-bill.ts'
import { billOf, type Fault } from './bill.ts'
import { differences, outcomesOf } from './checks.ts'
import type { Evidence } from './evidence.ts'
import { flowsAgainMs, handOversMs, intakePausesMs, longestGapMs } from './pauses.ts'

const KEYS = ['a', 'b', 'c']

/** What a run without faults leaves. */
function rightRun() {
  const questions: Question[] = Array.from({ length: 60 }, (_, index) => ({
    id: `q${index}`,
    key: KEYS[index % KEYS.length] ?? '',
  }))
  const evidence = {
    questions: [questions],
    answers: [[] as Answer[]],
    deadLetters: [] as string[],
    openSteps: 0,
    totals: new Map(),
    rounds: new Map(),
  }
  for (const { id, key } of questions) {
    const total = follow(evidence.totals.get(key), id)
    evidence.totals.set(key, total)
    const last = roundsOf(id)
    for (let round = 1; round <= last; round++)
      evidence.rounds.set(key, addRound(evidence.rounds.get(key), { id, key, round, ...total }))
    evidence.answers[0]?.push({ id, key, ...total, round: last, reply: replyTo(id, last), pod: 'a#1' })
  }
  return evidence
}

function findings(evidence: Evidence) {
  const { lost, doubled } = outcomesOf(evidence)
  return { lost, doubled, differences: differences(evidence).length }
}

describe('the checks of outcomes and state', () => {
  it('find nothing in a run without errors', () => {
    expect(findings(rightRun())).toEqual({ lost: [], doubled: [], differences: 0 })
  })

  it('find an answer that is missing, and one that comes twice', () => {
    const run = rightRun()
    const [first] = run.answers[0]?.splice(3, 1) ?? []
    expect(findings(run).lost).toEqual([first?.id])
    if (first) run.answers[0]?.push(first, first)
    expect(findings(run).doubled).toEqual([first?.id])
  })

  it('find questions of one key that changed their order', () => {
    const run = rightRun()
    const [first, second] = [run.answers[0]?.[0], run.answers[0]?.[3]]
    if (first && second) {
      run.answers[0]?.splice(0, 1, { ...first, count: second.count })
      run.answers[0]?.splice(3, 1, { ...second, count: first.count })
    }
    expect(findings(run)).toEqual({ lost: [], doubled: [], differences: 2 })
  })

  it.each([
    ['a total', (run: ReturnType<typeof rightRun>) => run.totals.delete('a')],
    ['a count of rounds', (run: ReturnType<typeof rightRun>) => run.rounds.set('b', { count: 1, sum: 1 })],
    ['a dead letter', (run: ReturnType<typeof rightRun>) => Object.assign(run, { deadLetters: ['x'] })],
    ['a step that was left', (run: ReturnType<typeof rightRun>) => Object.assign(run, { openSteps: 1 })],
    [
      'an answer of the model that is not its own',
      (run: ReturnType<typeof rightRun>) => Object.assign(run.answers[0]?.[7] ?? {}, { reply: 'x' }),
    ],
  ])('find %s that is wrong', (_what, damage) => {
    const run = rightRun()
    damage(run)
    expect(findings(run).differences).toBe(1)
  })
})

const call = (name: string, pod: string, begun: number, ended: number, key = 'a'): Call => ({
  ...{ call: name, id: name, key, round: 1, pod, begun, ended, delivered: true },
})

describe('the bill', () => {
  const fault: Fault = {
    kind: 'kill',
    pod: 'a#1',
    at: 100,
    until: Number.POSITIVE_INFINITY,
    cycleBegunAt: 60,
    partitions: new Set(),
  }

  it('separates calls that a fault interrupted from calls that had been answered', () => {
    const calls = [
      call('in flight', 'a#1', 90, 120),
      call('in flight', 'b#2', 200, 220),
      call('answered', 'a#1', 70, 99),
      call('answered', 'b#2', 200, 210),
      call('finished', 'a#1', 10, 20),
    ]
    const bill = billOf(calls, [fault])
    expect(bill.faults).toEqual([{ fault, inFlight: 1, again: 1, answeredAgain: 1, committedAgain: [] }])
    expect(bill).toMatchObject({ boughtTwice: 2, unexplained: [] })
  })

  it('knows calls that had been answered long before the fault', () => {
    const old = { ...call('old', 'a#1', 900, 950), takenInAt: 960 }
    const late = { ...call('late', 'a#1', 900, 950), takenInAt: 1_390 }
    const calls = [old, late, call('old', 'b#2', 2_000, 2_100), call('late', 'b#2', 2_000, 2_100)]
    const bill = billOf(calls, [{ ...fault, at: 1_500, cycleBegunAt: 1_400 }])
    expect(bill.faults).toMatchObject([{ answeredAgain: 2, committedAgain: [{ first: old }] }])
  })

  it('charges each further purchase to the pod that bought before', () => {
    const calls = [call('x', 'a#1', 90, 120), call('x', 'b#2', 200, 320), call('x', 'c#3', 400, 420)]
    const next = { ...fault, pod: 'b#2', at: 300 }
    expect(billOf(calls, [fault, next]).faults.map(each => each.again)).toEqual([1, 1])
    expect(billOf(calls, [fault]).unexplained).toHaveLength(1)
  })

  it('does not excuse the second purchase of a pod without a fault', () => {
    const calls = [call('x', 'b#2', 50, 60), call('x', 'a#1', 70, 80)]
    expect(billOf(calls, [fault]).unexplained).toHaveLength(1)
  })

  it('does not excuse by a fault a second purchase before that fault', () => {
    const calls = [call('x', 'a#1', 10, 20), call('x', 'b#2', 30, 40)]
    expect(billOf(calls, [fault]).unexplained).toHaveLength(1)
  })

  it('does not excuse a purchase of a pod after it had resumed', () => {
    const calls = [call('x', 'a#1', 350, 360), call('x', 'b#2', 370, 380)]
    expect(billOf(calls, [{ ...fault, until: 300 }]).unexplained).toHaveLength(1)
  })
})

describe('the pauses of a run', () => {
  it('include those at both ends of the span', () => {
    expect(longestGapMs([10, 20, 90], { from: 0, to: 100 })).toBe(70)
    expect(longestGapMs([90], { from: 0, to: 100 })).toBe(90)
    expect(longestGapMs([], { from: 0, to: 100 })).toBe(100)
  })

  it('belong to a partition, and to each change of its owner', () => {
    const calls = [call('1', 'a#1', 10, 20), call('2', 'a#1', 30, 35), call('3', 'b#2', 70, 75)]
    const partition = partitionOf(Buffer.from('a'), 8)
    expect(intakePausesMs(calls, { from: 0, to: 80 }, 8)).toEqual(new Map([[partition, 40]]))
    expect(handOversMs(calls, 8)).toEqual([40])
  })

  it('end, for a lost pod, with the first answer of another pod', () => {
    const outputs = [
      { id: '1', partition: 0, pod: 'a#1', at: 110 },
      { id: '2', partition: 0, pod: 'b#2', at: 150 },
    ]
    const lost = { at: 100, pod: 'a#1', partitions: [0, 1] }
    expect(flowsAgainMs(outputs, lost)).toEqual([50, Number.POSITIVE_INFINITY])
  })
})
