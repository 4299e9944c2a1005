/** Logs which tasks a pod owns: when the pod is up, and after each change. */

import type { PodContext } from '#engine/record/pod-context.ts'
import type { Task } from '#engine/task/task.ts'

/** Phases of a task that is neither coming nor going. */
const SETTLED: readonly string[] = ['running', 'blocked']

export class OwnedTasks {
  readonly #pod: PodContext
  #told: string | undefined

  constructor(pod: PodContext) {
    this.#pod = pod
  }

  /** Called now and then. Logs nothing before the first generation, and nothing while tasks come or go. */
  look(generation: number, tasks: readonly Task[]): void {
    if (generation === 0 || !tasks.every(({ phase }) => SETTLED.includes(phase))) return
    const owned = partitionsByStage(tasks)
    const text = JSON.stringify(owned)
    if (text === this.#told) return
    const message = this.#told === undefined ? 'the pod is up' : 'the pod owns other tasks than before'
    this.#told = text
    const { logger, application, incarnation: pod } = this.#pod
    logger.info(message, { application, pod, tasks: owned })
  }
}

function partitionsByStage(tasks: readonly Task[]): Readonly<Record<string, readonly number[]>> {
  const stages = Map.groupBy(tasks, ({ id }) => id.stage)
  const partitions = [...stages].map(([stage, own]) => {
    return [stage, own.map(({ id }) => id.partition).sort((a, b) => a - b)] as const
  })
  return Object.fromEntries(partitions.sort(([a], [b]) => (a < b ? -1 : 1)))
}
