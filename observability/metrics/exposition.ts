/** Families as the text that Prometheus reads: the one place that knows prom-client. */
import client from 'prom-client'
import { type Child, type Family, linesOf } from './family.ts'

export const CONTENT_TYPE: string = client.Registry.PROMETHEUS_CONTENT_TYPE

/** What one scrape may bring. A mistake with a label would else fill the memory of Prometheus. */
export const SERIES_MAX = 3_000

export interface Exposition {
  readonly text: string
  readonly series: number
  /** Series left out, as they would be beyond `SERIES_MAX`. */
  readonly refused: number
}

/** The families in their order: what comes last is what is refused. */
export async function exposed(families: readonly Family[], seriesMax = SERIES_MAX): Promise<Exposition> {
  const registry = new client.Registry()
  let series = 0
  let refused = 0
  for (const { row, children } of families) {
    const kept = children.filter(child => {
      const lines = linesOf(child)
      const fits = series + lines <= seriesMax
      if (fits) series += lines
      else refused += lines
      return fits
    })
    const metric = { name: row.metric, help: row.description, type: row.kind, aggregator: 'sum' }
    const values = kept.flatMap(child => valuesOf(row.metric, child))
    // The registry asks each of its metrics for its values: this one has them already, whatever its kind.
    const gauge = new client.Gauge({ name: row.metric, help: row.description, registers: [registry] })
    Object.assign(gauge, { get: async () => ({ ...metric, values }) })
  }
  return { text: await registry.metrics(), series, refused }
}

interface Value {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

function valuesOf(name: string, { labels, value }: Child): readonly Value[] {
  if (typeof value === 'number') return [{ metricName: name, labels, value }]
  let count = 0
  const buckets = value.counts.map((bucket, index) => {
    count += bucket
    const le = value.bounds[index] ?? '+Inf'
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: value.sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
