/** Tells people what a pod owns: when it is up, and whenever that has changed. */

import type { PodContext } from '#engine/record/pod-context.ts'
import type { Task } from '#engine/task/task.ts'

/** The phases of a task that goes on, or waits for a person. */
const SETTLED: readonly string[] = ['running', 'blocked']

export class OwnedTasks {
  readonly #pod: PodContext
  #told: string | undefined

  constructor(pod: PodContext) {
    this.#pod = pod
  }

  /** Called now and then. Before the first generation nothing is known; while tasks come and go it waits. */
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
