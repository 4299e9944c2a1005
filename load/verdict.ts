/** Judges a measured load: by conditions that the user states, and beside an earlier run. */
import { CaudalError } from '#core/errors.ts'
import { type Measured, Meter } from './meter.ts'

/** A generator that is later than this at p99 is itself the bottleneck: its figures say little about the target. */
export const LATENESS_P99_MAX_MS = 5

const PERCENTILES = ['p50', 'p90', 'p95', 'p99', 'max'] as const

/** Every figure that a condition may name. Latencies are in ms, shares in 0 to 1 of the events sent. */
export function figuresOf(measured: Measured): Readonly<Record<string, number | null>> {
  const { sent, failed, errors, lost, doubled, delivered, acknowledged, unacknowledged, seconds } = measured
  const errorCount = Object.values(errors).reduce((sum, each) => sum + each, 0)
  const latencies = (prefix: string, of: 'toDelivered' | 'toAcknowledged' | 'lateness') =>
    PERCENTILES.map(name => [`${prefix}${name}`, measured[of][name]] as const)
  const busy = seconds.filter(each => each.delivered > 0).length
  return Object.fromEntries([
    ...latencies('', 'toDelivered'),
    ...latencies('ack.', 'toAcknowledged'),
    ...latencies('late.', 'lateness'),
    ...Object.entries({
      sent,
      acknowledged,
      delivered,
      failed,
      lost: lost.count,
      doubled: doubled.count,
      unacknowledged,
    }),
    ['errors', errorCount],
    ['failed.share', sent === 0 ? 0 : failed / sent],
    ['errors.share', sent === 0 ? 0 : errorCount / sent],
    ['delivered.rate', busy === 0 ? 0 : delivered / busy],
  ])
}

/** The names of all figures. */
export const FIGURES: readonly string[] = Object.keys(figuresOf(new Meter('', () => 0).read()))

export interface Condition {
  /** As it was given. */
  readonly text: string
  readonly figure: string
  readonly operator: '<' | '<=' | '>' | '>='
  readonly value: number
}

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, '%': 0.01, '/s': 1 }

/** Reads `p99>500ms, failed.share>1%`. Throws REJECTED with every fault. */
export function conditionsIn(text: string): readonly Condition[] {
  const faults: string[] = []
  const conditions = text.split(',').flatMap(each => {
    const [, figure = '', operator = '', number = '', unit = ''] =
      /^\s*([a-z0-9.]+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(ms|s|%|\/s|)\s*$/.exec(each) ?? []
    const factor = UNITS[unit]
    if (!FIGURES.includes(figure) || factor === undefined) {
      faults.push(`--fail-if: "${each.trim()}" is no condition such as p99>500ms or failed.share>1%`)
      return []
    }
    const value = Number(number) * factor
    return [{ text: each.trim(), figure, operator: operator as Condition['operator'], value }]
  })
  if (faults.length > 0)
    throw new CaudalError('REJECTED', {
      reason: `${faults.join('\n')}\nfigures are ${FIGURES.join(', ')}`,
    })
  return conditions
}

/** Those that hold. One about a latency that nobody measured holds: without an answer no bound was kept. */
export function holding(
  conditions: readonly Condition[],
  figures: Readonly<Record<string, number | null>>,
): readonly Condition[] {
  return conditions.filter(({ figure, operator, value }) => {
    const measured = figures[figure]
    if (measured === null || measured === undefined) return true
    if (operator === '>') return measured > value
    if (operator === '>=') return measured >= value
    return operator === '<' ? measured < value : measured <= value
  })
}

/** The generator was late itself. */
export function isBottleneck({ lateness, errors }: Measured): boolean {
  return (lateness.p99 ?? 0) > LATENESS_P99_MAX_MS || 'NOT_SENT' in errors
}
