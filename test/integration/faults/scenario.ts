/** What a fault test consists of, how it is played, and the checks that all have in common. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { autopsy } from './autopsy.ts'
import type { FaultBill } from './bill.ts'
import { type Cluster, FAULTS_FOLDER } from './cluster.ts'
import { KafkaProxy, type ProxyOptions } from './proxy.ts'
import { Rig, type RigOptions, SESSION_MS, USUAL, type Verdict } from './rig.ts'

/** FAULT_RECORDS makes quick runs: less load in the same time. */
const RECORDS = Number(process.env.FAULT_RECORDS ?? 20_000)
const LOADED_WITHIN_S = 33
const STALLED_AFTER_MS = 90_000
/** Of the lost questions, so many are looked for. */
const AUTOPSIES_MAX = 5

/** After a pod was lost, its tasks' answers come again within this time. */
export const FLOWS_AGAIN_MS = SESSION_MS + 2_000
/** Tasks that stay where they are take in records all the time, but for this. */
export const INTAKE_PAUSE_MS = 2_000
/** Tasks that move pause for as long as the longest call in flight, and this time. */
export const HAND_OVER_MS = 1_500

export interface Scenario {
  readonly name: string
  readonly options?: Partial<RigOptions>
  /** What happens to the requests on their way to the brokers; without it they go straight. */
  readonly troubleFor?: ProxyOptions['troubleFor']
  play(rig: Rig): Promise<void>
  /** Beyond exactly one outcome for each question and the right state, which every scenario asserts; bounds of time by `rig.atMost`. */
  check(verdict: Verdict, rig: Rig): void
}

/**
 * What must hold in every run is asserted at once. A bound of time may be missed because of the product, or because the machine had
 * other work. Then the scenario is played once more, and the second result counts.
 */
export async function judge(scenario: Scenario, cluster: Cluster, name: string): Promise<void> {
  const exceeded = await play(scenario, cluster, name)
  if (exceeded.length === 0) return
  report(scenario.name, { playedAgainFor: exceeded })
  expect(await play(scenario, cluster, `${name}-again`)).toEqual([])
}

/** Returns the bounds that were not kept. */
async function play(scenario: Scenario, cluster: Cluster, name: string): Promise<readonly string[]> {
  const { troubleFor } = scenario
  const places = troubleFor ? cluster.proxies : []
  const proxies = places.map(
    each => new KafkaProxy({ ...each, troubleFor: api => troubleFor?.(api), delayMs: 1_000 }),
  )
  await Promise.all(proxies.map(each => each.start()))
  const rig = await Rig.open({
    ...USUAL,
    records: RECORDS,
    perSecond: Math.ceil(RECORDS / LOADED_WITHIN_S),
    proxies,
    ...scenario.options,
    cluster,
    name,
  })
  try {
    await scenario.play(rig)
    const verdict = await rig.finish(STALLED_AFTER_MS)
    const { outcomes, differences, bill } = verdict
    const { questions, lost, doubled } = outcomes
    report(scenario.name, {
      ...{ questions, lost: lost.length, doubled: doubled.length },
      ...{ calls: bill.calls, boughtTwice: bill.boughtTwice, unexplained: bill.unexplained.length },
      faults: bill.faults.map(figuresOf),
    })
    if (lost.length > 0) report('', await autopsy(rig, lost.slice(0, AUTOPSIES_MAX), verdict))
    expect.soft(lost.slice(0, 10), 'questions without their answer').toEqual([])
    expect.soft(doubled.slice(0, 10), 'questions answered once too often').toEqual([])
    expect.soft(differences.slice(0, 10), 'what differs from one process in order').toEqual([])
    scenario.check(verdict, rig)
    return rig.exceeded
  } finally {
    await rig.close()
    await Promise.all(proxies.map(each => each.stop()))
  }
}

/** Says what was measured, on the terminal and in a file beside the logs. */
export function report(name: string, figures: object): void {
  const line = JSON.stringify({ scenario: name, ...figures })
  console.log(line)
  appendFileSync(join(FAULTS_FOLDER, 'figures.ndjson'), `${line}\n`)
}

/** No more is bought again than what the faults interrupted, and what they had left uncommitted. */
export function expectFairBill({ bill }: Verdict): void {
  expect.soft(bill.unexplained.slice(0, 5), 'bought twice without a fault').toEqual([])
  for (const each of bill.faults) {
    expect.soft(each.again, 'calls in flight that were bought again').toBeLessThanOrEqual(each.inFlight)
    expect.soft(each.committedAgain, 'answers taken in before the open commit, bought again').toEqual([])
  }
}

function figuresOf({ fault, committedAgain, ...counts }: FaultBill) {
  const { kind, pod, at, cycleBegunAt } = fault
  return { kind, pod, cycleMs: at - cycleBegunAt, ...counts, committedAgain: committedAgain.length }
}
