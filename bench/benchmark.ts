/** What a benchmark is, which figures there are, and how each is shown and judged. */

export type Size = 'small' | 'full'

/** A figure's heading, unit, decimals, and whether more of it is better. */
export interface FigureKind {
  readonly heading: string
  readonly decimals: number
  readonly better: 'more' | 'less'
}

export const FIGURES = {
  recordsPerSecond: { heading: 'records/s', decimals: 0, better: 'more' },
  cpuMicros: { heading: 'CPU us/record', decimals: 2, better: 'less' },
  commitP50Ms: { heading: 'commit p50 ms', decimals: 1, better: 'less' },
  commitP99Ms: { heading: 'commit p99 ms', decimals: 1, better: 'less' },
  shareOfIdeal: { heading: '% of ideal', decimals: 1, better: 'more' },
  seconds: { heading: 'seconds', decimals: 3, better: 'less' },
  latestMs: { heading: 'latest ms', decimals: 0, better: 'less' },
  longestBlockMs: { heading: 'longest block ms', decimals: 0, better: 'less' },
  coreShare: { heading: '% of a core', decimals: 2, better: 'less' },
  memoryMb: { heading: 'peak MB', decimals: 0, better: 'less' },
} as const satisfies Record<string, FigureKind>

export type FigureName = keyof typeof FIGURES
export type Figures = Partial<Readonly<Record<FigureName, number>>>

/** Where and how large a run is. */
export interface Setting {
  readonly size: Size
  /** A folder of the benchmark's own, shared by its two phases, removed afterwards. */
  readonly folder: string
}

/** Each phase runs in a process of its own. */
export interface Benchmark {
  readonly name: string
  /** The figure by which it is compared with its baseline. */
  readonly judgedBy: FigureName
  /** Leaves in the folder what `run` begins with. */
  prepare?(setting: Setting): Promise<void>
  run(setting: Setting): Promise<Figures>
}
