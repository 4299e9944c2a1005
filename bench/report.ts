/** Figures as a table or as JSON, against those of the baseline. */
import { type Benchmark, FIGURES, type FigureName, type Figures } from './benchmark.ts'

/** What a run leaves behind: the machine, and figures by the name of their benchmark. */
export interface Report {
  readonly machine: string
  readonly figures: Readonly<Record<string, Figures>>
}

export const METHOD = `Each benchmark in a process of its own. Throughput: median of five slices of 200,000 events of 300 bytes, made and
appended while the pod is paused, timed from the first until everything is committed, after two or more slices to
warm up. CPU: all threads of the process, the log's included. One output per record. Limits: docs/benchmarks.md.`

const NAMES = Object.keys(FIGURES) as FigureName[] // Object.keys forgets the names of a constant.
const CHANGE_WIDTH = 8
const GAP = 2

/** Headings of the table: the name, every figure, the change. */
export function headings(benchmarks: readonly Benchmark[]): string {
  const cells = NAMES.map(name => FIGURES[name].heading.padStart(widthOf(name)))
  return line('benchmark', benchmarks, [...cells, 'change'.padStart(CHANGE_WIDTH)])
}

export function row(
  benchmark: Benchmark,
  benchmarks: readonly Benchmark[],
  figures: Figures,
  baseline: Figures | undefined,
): string {
  const cells = NAMES.map(name => {
    const value = figures[name]
    return (value === undefined ? '' : told(value, FIGURES[name].decimals)).padStart(widthOf(name))
  })
  const change = changeOf(figures[benchmark.judgedBy], baseline?.[benchmark.judgedBy])
  return line(benchmark.name, benchmarks, [...cells, change.padStart(CHANGE_WIDTH)])
}

/** The change of the figure that the benchmark is judged by; nothing where there is no baseline. */
export function changeOf(value: number | undefined, before: number | undefined): string {
  if (value === undefined || !before) return ''
  const percent = Math.round((100 * (value - before)) / before)
  return `${percent > 0 ? '+' : ''}${percent} %`
}

function line(name: string, benchmarks: readonly Benchmark[], cells: readonly string[]): string {
  const width = Math.max(...benchmarks.map(each => each.name.length))
  return [name.padEnd(width), ...cells].join(' '.repeat(GAP))
}

function told(value: number, decimals: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

function widthOf(name: FigureName): number {
  return FIGURES[name].heading.length
}
