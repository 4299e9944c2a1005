/** Asks a Prometheus over its HTTP API. */

/** A line of a chart. */
export interface Line {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Seconds since the epoch, and the value then. */
  readonly points: readonly (readonly [number, number])[]
}

export interface Range {
  readonly start: number
  readonly end: number
  readonly stepSeconds: number
}

/** Rejects with what Prometheus says of a query that it does not take. */
export async function queriedRange(
  address: string,
  expr: string,
  legend: string,
  { start, end, stepSeconds }: Range,
): Promise<readonly Line[]> {
  const asked = { query: expr, start: `${start}`, end: `${end}`, step: `${stepSeconds}` }
  const response = await fetch(`${address}/api/v1/query_range?${new URLSearchParams(asked)}`)
  const answer: Answer = JSON.parse(await response.text())
  if (answer.status !== 'success') throw new TypeError(`${answer.error}: ${expr}`)
  return answer.data.result.map(({ metric, values }) => ({
    name: named(legend, metric),
    labels: metric,
    points: values.map(([at, value]) => [at, Number(value)] as const),
  }))
}

type Answer =
  | { readonly status: 'error'; readonly error: string }
  | { readonly status: 'success'; readonly data: { readonly result: readonly Series[] } }

interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [number, string])[]
}

/** Labels in double braces, put in as Grafana does. */
const named = (legend: string, labels: Readonly<Record<string, string>>): string =>
  legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? '')
