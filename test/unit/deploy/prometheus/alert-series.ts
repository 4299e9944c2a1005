/** What a case of an alert is, and series that grow or stay in the notation of promtool. */

/** Series in the notation of promtool: `a+bxn` begins at a and grows by b, n times; one value a minute. */
export type Series = Readonly<Record<string, string>>

export interface AlertCase {
  readonly alert: string
  readonly fires: Series
  readonly silent: Series
  /** When it is looked at: after its `for` has passed. */
  readonly at: string
  /** The labels with which it fires. */
  readonly labels?: Readonly<Record<string, string>>
}

export const HOUR = 60
export const DAY = 24 * HOUR

/** A counter that grows by so much a minute. */
export const grows = (perMinute: number, minutes = 2 * HOUR): string => `0+${perMinute}x${minutes}`
/** A pod that is started again after an hour: its counters begin at nothing. */
export const restarted = (perMinute: number): string => `0+${perMinute}x60 0+${perMinute}x60`
export const stays = (value: number, minutes = 2 * HOUR): string => `${value}x${minutes}`
