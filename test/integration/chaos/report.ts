/** What a run of chaos came to, and whether it holds; a run that does not carries all that explains it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { autopsy } from '../faults/autopsy.ts'
import { FAULTS_FOLDER } from '../faults/cluster.ts'
import type { Rig, Verdict } from '../faults/rig.ts'
import { judgePurchases } from './purchases.ts'
import type { Round } from './schedule.ts'
import { type Done, type Recovery, recoveries } from './stuck.ts'

/** After the end of the last fault, outputs of every partition flow within this time. */
const FLOWS_WITHIN_MS = 10_000
const SHOWN_MAX = 10
/** What pods said around a partition that was stuck. */
const AROUND_MS = 2_000

interface Run {
  readonly seed: number
  readonly schedule: readonly Round[]
  readonly rig: Rig
  readonly verdict: Verdict
  readonly faults: readonly Done[]
  readonly loadedUntil: number
}

export async function reportOf(run: Run) {
  const { seed, rig, verdict, faults, loadedUntil } = run
  const { questions, lost, doubled } = verdict.outcomes
  const { partitions } = rig.options
  const purchases = judgePurchases(verdict, rig.lives, partitions)
  const flows = recoveries(faults, rig.outputs.seen, partitions, loadedUntil)
  const writes = rig.load.writtenAt.map(at => ({ at, partition: 0 }))
  const stuck = flows.filter(({ afterMs }) => afterMs > FLOWS_WITHIN_MS)
  const figures = {
    ...{ seed, questions, lost: lost.length, doubled: doubled.length },
    differences: verdict.differences.length,
    ...{ calls: purchases.calls, boughtTwice: purchases.boughtTwice },
    ...{ unexplained: purchases.unexplained.length, durableBoughtAgain: purchases.durable.length },
    faults: faults.length,
    ...{ stuck: stuck.length, flowsAgain: byKind(flows) },
    loaderFlowsAgainMaxMs: Math.max(
      0,
      ...recoveries(faults, writes, 1, loadedUntil).map(each => each.afterMs),
    ),
    pods: rig.lives.length,
  }
  const holds =
    lost.length + doubled.length + verdict.differences.length + stuck.length === 0 &&
    purchases.unexplained.length + purchases.durable.length === 0
  if (holds) return { holds, figures }
  const ids = [...lost, ...doubled].slice(0, SHOWN_MAX)
  const evidence = {
    ...{ lost, doubled, differences: verdict.differences },
    ...{ unexplained: purchases.unexplained, durable: purchases.durable },
    stuck: stuck.map(each => ({ ...each, said: saidAround(rig, each) })),
    autopsy: ids.length > 0 ? await autopsy(rig, ids, verdict) : undefined,
    ...{ schedule: run.schedule, faults },
  }
  const file = join(FAULTS_FOLDER, 'logs', `chaos-${seed}-evidence.json`)
  writeFileSync(file, JSON.stringify(evidence, null, 1))
  return { holds, figures, evidence, file }
}

export type Report = Awaited<ReturnType<typeof reportOf>>

/** On the standard output; the events of the run went to the other one. */
export function tell(report: Report, asJson: boolean): void {
  const { holds, figures, evidence, file } = report
  if (asJson) {
    console.log(JSON.stringify({ holds, ...figures, evidence: file }))
    return
  }
  for (const [name, value] of Object.entries(figures)) {
    if (name !== 'flowsAgain') console.log(`${name}: ${value}`)
  }
  for (const [kind, { times, longestMs }] of Object.entries(figures.flowsAgain))
    console.log(`  ${kind}, ${times} times: flows again after at most ${longestMs} ms`)
  if (holds) return console.log('holds: exactly once, and nothing stuck')
  console.log(`does NOT hold; seed ${figures.seed}; the schedule and all evidence are in ${file}`)
  for (const each of evidence?.differences.slice(0, SHOWN_MAX) ?? []) console.log(`  ${each}`)
  for (const { fault, partition, afterMs } of evidence?.stuck ?? [])
    console.log(`  partition ${partition} was stuck for ${afterMs} ms after ${JSON.stringify(fault)}`)
  for (const each of evidence?.unexplained.slice(0, SHOWN_MAX) ?? [])
    console.log(`  bought twice without a fault: ${JSON.stringify(each)}`)
  for (const each of evidence?.durable.slice(0, SHOWN_MAX) ?? [])
    console.log(`  bought again though durable: ${JSON.stringify(each)}`)
  if (evidence?.autopsy) console.log(JSON.stringify(evidence.autopsy))
}

function byKind(flows: readonly Recovery[]): Record<string, { times: number; longestMs: number }> {
  const kinds = Map.groupBy(flows, ({ fault }) => fault.kind)
  return Object.fromEntries(
    [...kinds].map(([kind, all]) => [
      kind,
      { times: all.length, longestMs: Math.max(...all.map(({ afterMs }) => afterMs)) },
    ]),
  )
}

/** Of the partition's task, and all warnings, from the fault until it flowed again. */
function saidAround(rig: Rig, { fault, partition, afterMs }: Recovery): readonly string[] {
  return rig.lives.flatMap(({ incarnation, messages }) =>
    messages.flatMap(each => {
      if (each.at < fault.from - AROUND_MS || each.at > fault.to + afterMs + AROUND_MS) return []
      if (each.type === 'commit' || each.type === 'answered') return []
      if (each.type === 'task' && !each.task.endsWith(`/${partition}`)) return []
      return [`${incarnation} ${JSON.stringify(each)}`]
    }),
  )
}
