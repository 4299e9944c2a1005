/** The result of a run, for scripts and for people. */

import type { Summary } from '#admin/status.ts'
import type { Tally } from '#admin/tally.ts'
import { count, dollars, table, things } from './text-table.ts'

export function summaryLines(summary: Summary, { meanScore }: Tally): readonly string[] {
  const { inputs, invalid, duplicates, delivered, delivered_below_threshold, failed } = summary
  const score = meanScore === undefined ? '' : `, mean score ${meanScore.toFixed(1)} of 10`
  return [
    `${things(inputs, 'input')} in ${summary.seconds.toFixed(1)} s: ` +
      `${count(delivered)} delivered (${count(delivered_below_threshold)} below the threshold${score}), ` +
      `${count(invalid)} invalid, ${things(duplicates, 'duplicate')}, ${count(failed)} failed`,
    `${things(summary.attempts, 'attempt')}, ${things(summary.calls, 'answered call')}, ` +
      `${count(summary.calls_bought_twice)} bought twice, ${things(summary.tokens, 'token')}, ${dollars(summary.cost_usd ?? undefined)}`,
    ...tooLargeLines(summary),
    ...failureLines(summary),
    ...openLines(summary),
  ]
}

function tooLargeLines({ too_large: left }: Summary): readonly string[] {
  return left > 0 ? [`${things(left, 'event')} not fed, larger than the topic takes`] : []
}

function openLines({ without_outcome: open }: Summary): readonly string[] {
  if (open === 0) return []
  return [`${things(open, 'input')} without an outcome yet, whose calls so far are not in the cost`]
}

const REASONS_SHOWN = 5

/** Why something failed or was set aside, the commonest reason first, and where to look. */
function failureLines(summary: Summary): readonly string[] {
  const { failed, invalid, dead_letters } = summary
  if (failed + invalid === 0) return []
  return [
    ...reasonLines('failed', summary.failed_by_reason),
    ...reasonLines('invalid', summary.invalid_by_reason),
    ...(dead_letters > 0 ? [`  ${things(dead_letters, 'dead letter')}`] : []),
    '  Each with its history: caudal dlq list, caudal dlq show ID',
  ]
}

function reasonLines(outcome: string, byReason: Readonly<Record<string, number>>): readonly string[] {
  const reasons = Object.entries(byReason).sort(([, a], [, b]) => b - a)
  const rest = reasons.slice(REASONS_SHOWN).reduce((sum, [, times]) => sum + times, 0)
  return [
    ...reasons.slice(0, REASONS_SHOWN).map(([reason, times]) => `  ${count(times)} ${outcome}: ${reason}`),
    ...(rest > 0 ? [`  ${count(rest)} ${outcome} for other reasons`] : []),
  ]
}

const USAGE_COLUMNS = [
  { title: 'task type' },
  { title: 'model' },
  { title: 'organisation', widthMax: 24 },
  { title: 'calls', align: 'right' },
  { title: 'tokens', align: 'right' },
  { title: 'cost', align: 'right' },
] as const

/** What was bought, before this start too, the dearest first. */
export function spendingLines({ spendings }: Tally): readonly string[] {
  const rows = [...spendings].sort((a, b) => b.costUsd - a.costUsd || b.calls - a.calls)
  if (rows.length === 0) return []
  return table(
    USAGE_COLUMNS,
    rows.map(row => [
      row.taskType,
      row.model,
      row.organization,
      count(row.calls),
      count(row.tokens),
      dollars(row.unpriced > 0 ? undefined : row.costUsd),
    ]),
  )
}
