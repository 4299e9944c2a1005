/** What a scrape gives: families of series, before they become text. */

export type Kind = 'counter' | 'gauge' | 'histogram'
export type Labels = Readonly<Record<string, string>>

/** Values counted in buckets, by their upper bounds. */
export interface Buckets {
  readonly bounds: readonly number[]
  /** One more than bounds; not cumulative. */
  readonly counts: readonly number[]
  readonly sum: number
}

/** One set of labels of a family. */
export interface Child {
  readonly labels: Labels
  readonly value: number | Buckets
}

/** One row of the table of metrics. */
export interface Row {
  readonly metric: string
  readonly kind: Kind
  readonly labels: readonly string[]
  readonly description: string
}

export interface Family {
  readonly row: Row
  readonly children: readonly Child[]
}

/** Lines that a child takes in a scrape. */
export function linesOf({ value }: Child): number {
  // A line for each bucket with the infinite one, the sum and the count.
  return typeof value === 'number' ? 1 : value.bounds.length + 3
}
