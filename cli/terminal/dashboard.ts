/** What the live view of a running pipeline shows: a row for each stage, and what came out so far. */

import { stageStatus } from '#admin/status.ts'
import type { Tally } from '#admin/tally.ts'
import type { PodMetrics } from '#core/pod-metrics.ts'
import type { Plan } from '#topology/plan.ts'
import { count, dollars, seconds, table, things } from './text-table.ts'

const COLUMNS = [
  { title: 'stage' },
  { title: 'in', align: 'right' },
  { title: 'out', align: 'right' },
  { title: 'in flight', align: 'right' },
  { title: 'waiting', align: 'right' },
  { title: 'errors', align: 'right' },
] as const

/** Figures of the stages since this process began, in the order of the graph. */
export function stageTable(plan: Plan, metrics: PodMetrics, tally: Tally): readonly string[] {
  return table(
    COLUMNS,
    stageStatus(plan, metrics, tally).map(({ stage, recordsIn, recordsOut, inFlight, waiting, errors }) => [
      stage,
      ...[recordsIn, recordsOut, inFlight, waiting, errors].map(count),
    ]),
  )
}

/** One line on all that the log holds. */
export function outcomeLine(tally: Tally, elapsedMs: number): string {
  const { inputs, delivered, deliveredBelowThreshold, invalid, duplicates, failed, dead } = tally.figures
  const score = tally.meanScore
  return [
    `${count(delivered)} of ${count(inputs)} answered${score === undefined ? '' : `, mean score ${score.toFixed(1)}`}`,
    deliveredBelowThreshold > 0 ? `${count(deliveredBelowThreshold)} below the threshold` : '',
    invalid > 0 ? `${count(invalid)} invalid` : '',
    duplicates > 0 ? things(duplicates, 'duplicate') : '',
    failed + dead > 0 ? `${count(failed + dead)} failed` : '',
    things(tally.figures.calls, 'call'),
    dollars(tally.figures.unpriced > 0 ? undefined : tally.figures.costUsd),
    seconds(elapsedMs),
  ]
    .filter(part => part !== '')
    .join(' · ')
}
