/** All benchmarks, in the order in which they run. */
import { asyncCalls } from './async-calls.ts'
import type { Benchmark } from './benchmark.ts'
import { commitLatency } from './commit-latency.ts'
import { idlePod } from './idle-pod.ts'
import { restores } from './restore.ts'
import { throughputs } from './throughput.ts'
import { timers } from './timers.ts'

export const BENCHMARKS: readonly Benchmark[] = [
  ...throughputs,
  ...asyncCalls,
  ...restores,
  commitLatency,
  timers,
  idlePod,
]

/** Those whose name contains one of the words; all without words. */
export function chosen(words: readonly string[]): readonly Benchmark[] {
  if (words.length === 0) return BENCHMARKS
  return BENCHMARKS.filter(({ name }) => words.some(word => name.includes(word)))
}
