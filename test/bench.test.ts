/** Every benchmark runs, at its small size: figures of that size mean nothing, but all that are promised are there. */
import { describe, expect, it } from 'vitest'
import { BENCHMARKS, chosen } from '../bench/benchmarks.ts'
import { quantile } from '../bench/measuring.ts'
import { runBenchmark } from '../bench/processes.ts'
import { changeOf } from '../bench/report.ts'

describe('every benchmark runs', () => {
  it.concurrent.for(BENCHMARKS)('$name', async (benchmark, { expect }) => {
    const figures = await runBenchmark(benchmark, 'small')
    expect(figures[benchmark.judgedBy]).toBeGreaterThan(0)
    expect(figures.memoryMb).toBeGreaterThan(0)
    for (const value of Object.values(figures)) expect(Number.isFinite(value)).toBe(true)
  })
})

describe('benchmarks are chosen', () => {
  it('by any word of their name', () => {
    expect(chosen(['restore', 'idle']).map(({ name }) => name)).toEqual([
      'restore-1m/from-topic',
      'restore-1m/lmdb-copy',
      'idle-pod',
    ])
  })

  it('all without a word', () => {
    expect(chosen([])).toEqual(BENCHMARKS)
  })
})

describe('figures', () => {
  it('takes a quantile by the nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect([quantile(values, 0.5), quantile(values, 0.99), quantile([], 0.5)]).toEqual([50, 99, 0])
  })

  it('tells the change against the baseline', () => {
    expect([changeOf(110, 100), changeOf(90, 100), changeOf(90, undefined)]).toEqual(['+10 %', '-10 %', ''])
  })
})
