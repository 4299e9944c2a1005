/** A dashboard as data: panels with their queries and a sentence about what a bad value means. */

export interface Query {
  readonly expr: string
  /** Name of each line, with labels in double braces. */
  readonly legend: string
}

export interface Panel {
  readonly title: string
  /** What a bad value means, in a sentence. */
  readonly says: string
  readonly kind: 'line' | 'stacked' | 'number'
  readonly unit: Unit
  readonly queries: readonly Query[]
  /** Yellow and red from these values on. */
  readonly limits?: readonly [number, number]
}

/** The unit names of Grafana. */
export type Unit = 'short' | 's' | 'bytes' | 'percentunit' | 'currencyUSD' | 'ops' | 'Bps'

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Dashboard {
  /** Part of its address: it never changes. */
  readonly uid: string
  readonly title: string
  readonly says: string
  readonly rows: readonly Row[]
}

/** A metric of the pods that the reader has chosen. */
export const metric = (name: string, labels = ''): string =>
  `${name}{job=~"$job"${labels === '' ? '' : `,${labels}`}}`

/** What a counter gains in a second. */
export const rate = (name: string, labels = ''): string => `rate(${metric(name, labels)}[$__rate_interval])`

export const sumBy = (by: string, inner: string): string =>
  by === '' ? `sum(${inner})` : `sum by (${by}) (${inner})`

/** A quantile of a histogram; nothing where nothing was observed. */
export function quantile(share: number, name: string, by = '', labels = ''): string {
  const groups = by === '' ? 'le' : `le, ${by}`
  return `histogram_quantile(${share}, ${sumBy(groups, rate(`${name}_bucket`, labels))}) >= 0`
}

/** One part of a whole; nothing where the whole is nothing. */
export const share = (part: string, whole: string): string => `${part} / (${whole} > 0)`

/** Nothing is 0 where only some processes have the series, or only after the first event. */
export const orNothing = (inner: string): string => `${inner} or vector(0)`

export const query = (expr: string, legend: string): Query => ({ expr, legend })
