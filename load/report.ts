/** What a run leaves behind: its configuration, its machine and what it measured; as lines for a terminal, and beside an earlier run. */
import type { Percentiles } from './latencies.ts'
import type { Measured } from './meter.ts'
import type { LoadProfile } from './profile.ts'
import { figuresOf, isBottleneck, LATENESS_P99_MAX_MS } from './verdict.ts'

export interface LoadReport {
  /** Of this format. */
  readonly version: 1
  readonly target: string
  readonly machine: string
  /** ISO 8601. */
  readonly finishedAt: string
  readonly profile: LoadProfile
  /** Conditions of --fail-if that hold. */
  readonly conditionsMet: readonly string[]
  readonly measured: Measured
}

const IDS_SHOWN = 10

/** What a person reads at the end of a run. */
export function reportLines({ measured, conditionsMet }: LoadReport): readonly string[] {
  const { sent, acknowledged, delivered, failed, failures, errors, unacknowledged } = measured
  return [
    `${whole(sent)} sent, ${whole(acknowledged)} acknowledged, ${whole(delivered)} delivered, ${whole(failed)} failed`,
    ...Object.entries(failures).map(([reason, times]) => `  ${whole(times)} failed: ${reason}`),
    ...Object.entries(errors).map(([code, times]) => `  ${whole(times)} not taken: ${code}`),
    ...(unacknowledged > 0 ? [`  ${whole(unacknowledged)} neither acknowledged nor refused`] : []),
    percentileLine('to acknowledged', measured.toAcknowledged),
    percentileLine('to delivered', measured.toDelivered),
    percentileLine('sent later than due', measured.lateness),
    ...(measured.acknowledged === 0 ? ['nothing was acknowledged'] : []),
    ...auditLines(measured),
    ...(isBottleneck(measured) ? [bottleneckLine] : []),
    ...conditionsMet.map(condition => `failed since ${condition}`),
  ]
}

const bottleneckLine = `The generator is the bottleneck: it sent later than ${LATENESS_P99_MAX_MS} ms after the due time at p99. Lower --rate, or run it on a machine of its own.`

function auditLines({ lost, doubled, acknowledged }: Measured): readonly string[] {
  if (lost.count === 0 && doubled.count === 0)
    return acknowledged === 0 ? [] : ['every acknowledged event has exactly one outcome']
  return [listed('without an outcome', lost), listed('with more than one outcome', doubled)].flat()
}

function listed(what: string, { count, ids }: Measured['lost']): readonly string[] {
  if (count === 0) return []
  const more = count > IDS_SHOWN ? ` and ${whole(count - IDS_SHOWN)} more` : ''
  return [`${whole(count)} ${what}: ${ids.slice(0, IDS_SHOWN).join(', ')}${more}`]
}

export function percentileLine(what: string, { count, ...of }: Percentiles): string {
  if (count === 0) return `${what}: nothing measured`
  const figures = Object.entries(of).map(([name, ms]) => `${name} ${ms} ms`)
  return `${what}: ${figures.join(', ')}`
}

export interface ComparedFigure {
  readonly figure: string
  readonly before: number | null
  readonly now: number | null
  /** Of now to before; null where one is missing or 0. */
  readonly ratio: number | null
}

/** Every figure of two runs, side by side. */
export function compared(now: LoadReport, before: LoadReport): readonly ComparedFigure[] {
  const earlier = figuresOf(before.measured)
  return Object.entries(figuresOf(now.measured)).map(([figure, value]) => {
    const other = earlier[figure] ?? null
    return { figure, before: other, now: value, ratio: value && other ? value / other : null }
  })
}

/** Whether a file holds a report of this format. */
export function isLoadReport(value: unknown): value is LoadReport {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'measured' in value &&
    'profile' in value
  )
}

export const whole = (value: number): string => value.toLocaleString('en')
