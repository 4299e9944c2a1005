/** Without any fault: what a slow call costs the others, and what a partition costs the brokers. */
import { expect } from 'vitest'
import type { PodProcess } from '../../pods/processes.ts'
import { longestGapMs, type Span } from '../pauses.ts'
import { API } from '../proxy.ts'
import { type Rig, USUAL, type Verdict } from '../rig.ts'
import { expectFairBill, report, type Scenario } from '../scenario.ts'
import { pause } from '../until.ts'

/** A question early in the run, whose call takes most of it. */
const SLOW = 'q1500'
export const SLOW_MS = Number(process.env.FAULT_SLOW_MS ?? 25_000)
/** A partition is read 10,000 records ahead of its slowest, and no further; some questions come round again in it. */
const AHEAD = 6_000
/** Well below what the pod can do, so that the throughput does not tell of the machine's other work. */
const PER_SECOND = Math.min(150, Math.floor((AHEAD * USUAL.partitions) / (SLOW_MS / 1_000)))
const WARM_UP_MS = 2_000
/** What counts as unchanged on a machine where other programs run. */
const THROUGHPUT_FALL_MAX = 0.05
const COMMIT_MEDIAN_FACTOR_MAX = 1.5
const COMMIT_MEDIAN_MS_MORE = 3

export const slowCall: Scenario = {
  name: 'a call that takes very long, among others',
  options: {
    records: PER_SECOND * Math.ceil(SLOW_MS / 1_000 + 15),
    perSecond: PER_SECOND,
    callTimeoutMs: 2 * SLOW_MS,
    model: { latencyMinMs: 20, latencyMaxMs: 300, slow: { [SLOW]: SLOW_MS } },
  },
  async play(rig) {
    await rig.startPods(['a'])
    rig.begin()
    await rig.load.done
  },
  check(verdict, rig) {
    expectFairBill(verdict)
    expect.soft(verdict.bill.boughtTwice).toBe(0)
    const slow = verdict.calls.find(({ id }) => id === SLOW)
    const commits = rig.pod('a').commits
    const [first] = rig.outputs.seen
    const doneAt = rig.load.doneAt ?? 0
    const before = { from: (first?.at ?? 0) + WARM_UP_MS, to: slow?.begun ?? 0 }
    const during = { from: slow?.begun ?? 0, to: Math.min(slow?.ended ?? 0, doneAt) }
    const [alone, beside] = [rates(rig, commits, before), rates(rig, commits, during)]
    report('', { before: alone, during: beside })
    const fall = 1 - beside.answersPerSecond / alone.answersPerSecond
    rig.atMost('fall of the throughput of the others', fall, THROUGHPUT_FALL_MAX)
    const medianMax = alone.commitMs * COMMIT_MEDIAN_FACTOR_MAX + COMMIT_MEDIAN_MS_MORE
    rig.atMost('median of the commits of the others, ms', beside.commitMs, medianMax)
    rig.atMost('silence of the others, ms', beside.silentMs, 1_000)
  },
}

function rates(rig: Rig, commits: PodProcess['commits'], span: Span) {
  const isInside = ({ at }: { readonly at: number }) => at >= span.from && at <= span.to
  const answers = rig.outputs.seen.filter(isInside)
  const durations = commits
    .filter(isInside)
    .map(each => each.durationMs)
    .sort((a, b) => a - b)
  return {
    answersPerSecond: Math.round((answers.length * 1_000) / (span.to - span.from)),
    commitMs: durations[Math.floor(durations.length / 2)] ?? 0,
    commitMsP99: durations[Math.floor(durations.length * 0.99)] ?? 0,
    silentMs: longestGapMs(
      answers.map(each => each.at),
      span,
    ),
  }
}

let producersStarted = 0
const costs = new WeakMap<Rig, { readonly producers: number; readonly connections: number }>()
let fewPartitions: { readonly producers: number; readonly connections: number } | undefined

/** Two runs, one after the other: the second is compared with the first. */
export const partitionsCost: readonly Scenario[] = [8, 64].map(partitions => ({
  name: `producers and connections of a pod with ${partitions} partitions`,
  options: { partitions, records: 2_000, perSecond: 1_000 },
  troubleFor(api) {
    if (api === API.initProducerId) producersStarted++
    return undefined
  },
  async play(rig) {
    // The first producer of a new cluster is asked for several times, until the brokers are ready for any.
    const first = await rig.log.startProducer(`${rig.options.name}-first`)
    await first.close()
    producersStarted = 0
    await rig.startPods(['a'])
    rig.begin()
    await rig.load.done
    await pause(1_000)
    const connections = rig.options.proxies.reduce((sum, each) => sum + each.connections, 0)
    costs.set(rig, { producers: producersStarted, connections })
  },
  check(verdict: Verdict, rig: Rig) {
    expectFairBill(verdict)
    const cost = costs.get(rig)
    report('', { partitions, ...cost })
    // Its own, and the one with which the first pod of all writes the topology.
    expect.soft(cost?.producers).toBe(2)
    if (partitions > 8) expect.soft(cost).toEqual(fewPartitions)
    else fewPartitions = cost
  },
}))
