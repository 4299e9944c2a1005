/** Pods that die without a hand-over, and paused pods that go on after their tasks have moved. */
import { expect } from 'vitest'
import type { Fault } from '../bill.ts'
import { flowsAgainMs, intakePausesMs, type Span } from '../pauses.ts'
import type { Rig, Verdict } from '../rig.ts'
import { SESSION_MS } from '../rig.ts'
import { expectFairBill, FLOWS_AGAIN_MS, INTAKE_PAUSE_MS, report, type Scenario } from '../scenario.ts'
import { pause, until } from '../until.ts'

const SETTLE_MS = 3_000
/** What a kill may make the next owner buy again of what was answered: the bound of `bench:kafka -- durability` too. */
const ANSWERED_AGAIN_MAX = 100
/** By then a pod runs compiled code: its first commits take many times as long as those that follow. */
const ANSWERS_OF_WARM_POD = 4_000
const WARM_WITHIN_MS = 60_000
const SPREAD_WITHIN_MS = 20_000

export const killedPods: Scenario = {
  name: 'kill -9 of each pod in turn, restarted after a second',
  async play(rig) {
    await rig.startPods(['a', 'b', 'c'])
    rig.begin()
    for (const name of ['a', 'b', 'c']) {
      await pause(SETTLE_MS)
      await rig.killPod(name)
      await pause(1_000)
      rig.startPod(name)
      await rig.untilSpread(SPREAD_WITHIN_MS)
    }
  },
  check(verdict, rig) {
    expectFairBill(verdict)
    expectFlow(rig, verdict, rig.faults)
  },
}

export const killedOnlyPod: Scenario = {
  name: 'kill -9 of the only pod with 1,000 calls in flight',
  options: {
    inFlightMax: 1_000,
    keys: 50_000,
    model: { latencyMinMs: 1_000, latencyMaxMs: 2_000, slow: {} },
  },
  async play(rig) {
    await rig.startPods(['a'])
    rig.begin()
    for (let kill = 0; kill < 2; kill++) {
      const isWarm = () => rig.pod('a').answers >= ANSWERS_OF_WARM_POD
      await until('the pod is warm', isWarm, WARM_WITHIN_MS)
      await rig.killPod('a')
      rig.startPod('a')
      await rig.untilSpread(SPREAD_WITHIN_MS)
    }
  },
  check(verdict, rig) {
    expectFairBill(verdict)
    for (const { answeredAgain } of verdict.bill.faults)
      rig.atMost('answers that were bought again', answeredAgain, ANSWERED_AGAIN_MAX)
    const flows = rig.faults.map(fault => Math.max(...flowsAgainMs(rig.outputs.seen, fault)))
    report('', { flowsAgainMs: flows })
    for (const ms of flows) rig.atMost('until answers come again, ms', ms, FLOWS_AGAIN_MS)
  },
}

export const frozenPods: Scenario = {
  name: 'SIGSTOP of a pod for longer than its session, and back to the same tasks',
  async play(rig) {
    await rig.startPods(['a', 'b'])
    rig.begin()
    for (const name of ['b', 'a', 'b']) {
      await pause(SETTLE_MS)
      rig.freezePod(name)
      await pause(SESSION_MS + SETTLE_MS)
      rig.thawPod(name)
      await pause(SETTLE_MS)
      await rig.untilSpread(SPREAD_WITHIN_MS)
    }
  },
  check(verdict, rig) {
    expectFairBill(verdict)
    expectFlow(rig, verdict, rig.faults)
    const back = rig.faults.map(fault => tasksThatCameBack(rig, fault))
    report('', { tasksThatCameBack: back })
    expect.soft(Math.max(...back), 'tasks that came back to the pod that was paused').toBeGreaterThan(0)
  },
}

/** How many of its tasks a paused pod got again. */
function tasksThatCameBack(rig: Rig, { pod, until, partitions }: Fault): number {
  const messages = rig.lives.find(each => each.incarnation === pod)?.messages ?? []
  const given = messages.flatMap(each =>
    each.type === 'task' && each.to === 'running' && each.at > until
      ? [Number(each.task.split('/').at(-1))]
      : [],
  )
  return new Set(given.filter(partition => partitions.has(partition))).size
}

/** Tasks of the lost pod flow again elsewhere, and those of the others hardly notice. */
function expectFlow(rig: Rig, { calls }: Verdict, faults: readonly Fault[]): void {
  const figures = faults.map(fault => {
    const span = { from: fault.at, to: Math.min(fault.at + 10_000, rig.load.doneAt ?? fault.at) }
    const pauses = intakePausesMs(calls, span, rig.options.partitions)
    const staying = [...stayingTasks(rig, span)].map(
      partition => pauses.get(partition) ?? span.to - span.from,
    )
    return {
      flowsAgainMs: Math.max(...flowsAgainMs(rig.outputs.seen, fault)),
      intakePauseMs: Math.max(0, ...staying),
    }
  })
  report('', { figures })
  for (const each of figures) {
    rig.atMost('until answers of the tasks come again, ms', each.flowsAgainMs, FLOWS_AGAIN_MS)
    rig.atMost('intake pause of a task that stays, ms', each.intakePauseMs, INTAKE_PAUSE_MS)
  }
}

/** The partitions that one pod ran all the time. */
export function stayingTasks(rig: Rig, { from, to }: Span): ReadonlySet<number> {
  const staying = new Set<number>()
  for (const life of rig.lives) {
    if (rig.faults.some(({ pod, at }) => pod === life.incarnation && at <= to && at >= from - SESSION_MS))
      continue
    const moved = new Set(
      life.messages.flatMap(each =>
        each.type === 'task' && each.at > from && each.at <= to ? [Number(each.task.split('/').at(-1))] : [],
      ),
    )
    for (const partition of life.tasksAt(from)) if (!moved.has(partition)) staying.add(partition)
  }
  return staying
}
