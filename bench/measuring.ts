/** Clocks, quantiles and waiting for a pod. */

import { subscribe } from '#core/diagnostics.ts'
import type { Pod } from '#engine/pod/pod.ts'

/** Wall time and CPU time of all threads of this process, in seconds, since it was made. */
export class Stopwatch {
  readonly #startedAt = performance.now()
  readonly #cpu = process.cpuUsage()

  get wallSeconds(): number {
    return (performance.now() - this.#startedAt) / 1_000
  }

  get cpuSeconds(): number {
    const { user, system } = process.cpuUsage(this.#cpu)
    return (user + system) / 1e6
  }
}

/** Durations of the commits of this process while it records. */
export class CommitTimes {
  readonly #durationsMs: number[] = []
  #stop: (() => void) | undefined

  record(): void {
    this.#stop ??= subscribe('caudal:commit', ({ durationMs }) => this.#durationsMs.push(durationMs))
  }

  pause(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  get figures() {
    return { commitP50Ms: quantile(this.#durationsMs, 0.5), commitP99Ms: quantile(this.#durationsMs, 0.99) }
  }
}

/** The nearest rank; 0 where there are no values. */
export function quantile(values: readonly number[], share: number): number {
  const ascending = [...values].sort((a, b) => a - b)
  return ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)] ?? 0
}

/** The largest resident memory that this process ever had. */
export function peakMemoryMb(): number {
  return process.resourceUsage().maxRSS / 1_000
}

/** Collects garbage of what was made outside of the timed part, where the process was started with the means. */
export function collectGarbage(): void {
  globalThis.gc?.()
}

export function pause(durationMs: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, durationMs))
}

/** Resolves when the pod has begun so many records in all and everything is committed. */
export async function processed(pod: Pod, records: number): Promise<void> {
  while (begun(pod) < records || !pod.isIdle) await pause(2)
}

/** Resolves when the pod runs so many tasks. */
export async function working(pod: Pod, tasks: number): Promise<void> {
  while (pod.tasks.filter(({ phase }) => phase === 'running').length < tasks) await pause(1)
}

export function begun(pod: Pod): number {
  let records = 0
  for (const stage of pod.metrics.stages.values()) records += stage.recordsIn
  return records
}
