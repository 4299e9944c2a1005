/** Latencies as a histogram of fixed size, read as percentiles. */
import { createHistogram } from 'node:perf_hooks'

/** In milliseconds; null where nothing was measured. */
export interface Percentiles {
  readonly count: number
  readonly p50: number | null
  readonly p90: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly max: number | null
}

const HOUR_MS = 3_600_000

export class Latencies {
  /** HDR: three significant digits, whatever the size (https://hdrhistogram.github.io/HdrHistogram/). */
  readonly #histogram = createHistogram({ lowest: 1, highest: 24 * HOUR_MS, figures: 3 })

  /** The histogram holds whole numbers from 1 on, so that 0 ms are stored as 1. */
  add(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms) + 1))
  }

  read(): Percentiles {
    const histogram = this.#histogram
    const count = histogram.count
    const at = (percent: number) => (count === 0 ? null : Math.max(0, histogram.percentile(percent) - 1))
    return {
      ...{ count, p50: at(50), p90: at(90), p95: at(95), p99: at(99) },
      max: count === 0 ? null : Math.max(0, histogram.max - 1),
    }
  }
}
