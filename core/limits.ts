/** The one table of the runtime's limits: unit, default and meaning; settings, documentation and metrics are made from it. */

import { type Duration, durationFault, durationMs } from './duration.ts'
import { CaudalError } from './errors.ts'

/** What a limit counts. */
export type LimitUnit = 'records' | 'bytes' | 'ms' | 'attempts' | 'offsets' | 'hops' | 'timers' | 'entries'

/** One limit of a pod: its unit, its range, its default and the gauge that publishes it. */
export interface LimitDescription {
  readonly unit: LimitUnit
  readonly default: number
  /** Smallest and largest value allowed; all limits are integers. */
  readonly min: number
  readonly max: number
  readonly description: string
  /** The gauge that publishes the limit, so that a chart can show how near a pod is to it. */
  readonly metric: string
}

const limit = (
  unit: LimitUnit,
  value: number,
  metric: string,
  description: string,
  min = 1,
  max = Number.MAX_SAFE_INTEGER,
): LimitDescription => ({
  unit,
  default: value,
  min,
  max,
  description,
  metric: `caudal_limit_${metric}`,
})

const MB = 1_000_000

/** A source partition is not read further ahead of its lowest unfinished offset than this: it bounds the size of checkpoints. */
export const SPAN_MAX = 10_000

/** Every limit by its name inside; `optionNameOf` gives the name that a program writes. docs/limits.md is this table. */
export const LIMITS = {
  recordsBufferedMax: limit(
    'records',
    2_000,
    'records_buffered',
    'records fetched and not yet started, per source partition; a full buffer pauses the partition',
  ),
  bufferBytesMax: limit(
    'bytes',
    16 * MB,
    'buffer_bytes',
    'bytes fetched and not yet started, per source partition, keys and values together',
  ),
  fetchRecordsMax: limit('records', 1_000, 'fetch_records', 'records asked of a reader at a time'),
  inFlightMax: limit('records', 10_000, 'in_flight', 'records in progress at a time, per stage of a pod'),
  spanMax: limit(
    'offsets',
    SPAN_MAX,
    'span',
    'how far a source partition is read ahead of its lowest unfinished offset; bounds the size of checkpoints',
    1,
    SPAN_MAX,
  ),
  unfinishedBytesMax: limit(
    'bytes',
    64 * MB,
    'unfinished_bytes',
    'bytes of records started and not complete, per source partition, those that wait behind another of their key included; above it the partition pauses',
  ),
  hopsMax: limit('hops', 100, 'hops', 'operators of its stage that one record may pass'),
  retryAttempts: limit(
    'attempts',
    3,
    'retry_attempts',
    'runs of a record that fails, before it becomes a dead letter',
  ),
  retryDelayMs: limit(
    'ms',
    100,
    'retry_delay_seconds',
    'pause before the second run; doubled for each further one',
    0,
  ),
  timeoutMs: limit(
    'ms',
    60_000,
    'timeout_seconds',
    'one run of a record, where its operator does not say otherwise',
  ),
  stagedRecordsMax: limit(
    'records',
    40_000,
    'staged_records',
    'effects that wait for a commit or are being committed; above it no record is started',
  ),
  stagedBytesMax: limit(
    'bytes',
    64 * MB,
    'staged_bytes',
    'bytes of effects that wait for a commit or are being committed, outputs and state together; above it no record is started',
  ),
  stagedAgeMaxMs: limit(
    'ms',
    1_000,
    'staged_age_seconds',
    'age of the oldest effect that waits for a commit; above it no record is started',
  ),
  sessionTimeoutMs: limit(
    'ms',
    10_000,
    'session_timeout_seconds',
    'a pod that the group has not heard of for so long loses its tasks',
    100,
  ),
  handOverMaxMs: limit(
    'ms',
    60_000,
    'hand_over_seconds',
    'time that a leaving task has for what it has in flight',
  ),
  restoreTimeoutMs: limit(
    'ms',
    60_000,
    'restore_timeout_seconds',
    'reading the state of a task, before it is reported as blocked',
  ),
  noProgressMs: limit(
    'ms',
    600_000,
    'no_progress_seconds',
    'being refused the same thing again and again, with nothing committed between, before the pod ends',
  ),
  positionIntervalMs: limit(
    'ms',
    1_000,
    'position_interval_seconds',
    'how often positions are stored for lag tools',
  ),
  topicsIntervalMs: limit(
    'ms',
    30_000,
    'topics_interval_seconds',
    'how often a pod looks whether its topics are still the same, and have no more partitions',
    100,
  ),
  timersWindowMax: limit(
    'timers',
    10_000,
    'timers_window',
    'timers of a task held in memory, the next ones due',
  ),
  tableEntriesMax: limit(
    'entries',
    1_000_000,
    'table_entries',
    'entries of a table that every pod holds whole',
  ),
} as const satisfies Record<string, LimitDescription>

/** The name of a limit inside the engine: `inFlightMax`, `timeoutMs`. */
export type LimitName = keyof typeof LIMITS
/** Every limit as the engine holds it; a duration is in milliseconds, and its name ends with `Ms`. */
export type Limits = Readonly<Record<LimitName, number>>

/**
 * Limits as a program gives them. A limit that is a duration is named without `Ms`, and takes a text or milliseconds:
 * `{ inFlightMax: 500, timeout: '90s' }`. What is left out keeps its default.
 */
export type LimitOptions = {
  readonly [N in LimitName as OptionOf<N>]?: (N extends `${string}Ms` ? Duration : number) | undefined
}
type OptionOf<N extends LimitName> = N extends `${infer Duration}Ms` ? Duration : N

/** The name by which a program gives a limit. */
export function optionNameOf(name: LimitName): string {
  return name.replace(/Ms$/, '')
}

/** Limits by the name that a program gives them. */
type Written = Readonly<Record<string, Duration | undefined>>

/** Every limit, in the order of the table and of docs/limits.md. */
export const LIMIT_NAMES: readonly LimitName[] = Object.freeze(
  Object.keys(LIMITS) as LimitName[], // Object.keys forgets the names; LIMITS is a constant, so these are all.
)

/** The limits of a pod whose program gives none. */
export const DEFAULT_LIMITS: Limits = Object.freeze(withDefaults({}))

/** Each must hold: the left limit is at least `factor` times the right one. */
const RELATIONS: readonly (readonly [LimitName, number, LimitName])[] = [
  ['recordsBufferedMax', 1, 'fetchRecordsMax'],
]

/**
 * Defaults where nothing is given. Throws CONFIGURATION_INVALID with every fault at once.
 */
export function resolveLimits(given: LimitOptions = {}): Limits {
  const limits = withDefaults(given)
  const known = new Set(LIMIT_NAMES.map(optionNameOf))
  const faults = [
    ...Object.keys(given)
      .filter(name => !known.has(name))
      .map(name => `there is no limit ${name}${nearest(name, known)}`),
    ...LIMIT_NAMES.flatMap(name => faultOf(name, limits[name], given)),
    ...RELATIONS.filter(([left, factor, right]) => limits[left] < factor * limits[right]).map(
      ([left, factor, right]) =>
        `${left} is ${limits[left]}; it must be at least ${factor === 1 ? '' : `${factor} times `}${right}, ${limits[right]}`,
    ),
  ]
  if (faults.length > 0) throw new CaudalError('CONFIGURATION_INVALID', { faults: faults.join('\n') })
  return Object.freeze(limits)
}

function withDefaults(given: Written): Record<LimitName, number> {
  const values = {} as Record<LimitName, number> // Filled with every name right below.
  for (const name of LIMIT_NAMES) {
    const value = given[optionNameOf(name)]
    values[name] = value === undefined ? LIMITS[name].default : inUnit(name, value)
  }
  // What one fetch may bring follows a smaller buffer, unless it was given too.
  if (given.fetchRecordsMax === undefined) {
    values.fetchRecordsMax = Math.min(values.fetchRecordsMax, values.recordsBufferedMax)
  }
  return values
}

/** Only a duration has a form other than a number. */
function inUnit(name: LimitName, value: Duration): number {
  if (LIMITS[name].unit === 'ms') return durationMs(value)
  return typeof value === 'number' ? value : Number.NaN
}

function faultOf(name: LimitName, value: number, given: Written): readonly string[] {
  const { unit, min, max } = LIMITS[name]
  const option = optionNameOf(name)
  const written = given[option] ?? value
  if (unit === 'ms') return [durationFault(option, written, min) ?? []].flat()
  const isValid = Number.isSafeInteger(value) && value >= min && value <= max
  return isValid ? [] : [`${option} is ${written}; it must be an integer ${rangeOf(LIMITS[name])}`]
}

/** A duration under its name with a unit is what people write who know it from elsewhere. */
function nearest(name: string, known: ReadonlySet<string>): string {
  const cut = name.replace(/Ms$/, '')
  return cut !== name && known.has(cut) ? `; write ${cut}: '30s', or milliseconds` : ''
}

function rangeOf({ min, max, unit }: LimitDescription): string {
  return max === Number.MAX_SAFE_INTEGER ? `of at least ${min} ${unit}` : `from ${min} to ${max} ${unit}`
}
