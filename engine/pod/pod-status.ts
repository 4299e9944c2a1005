/** What a pod is doing, as plain data: for probes, dashboards and the programs that run it. */

import type { TaskPhase } from '#engine/task/task-lifecycle.ts'
import type { PodPhase } from './pod-lifecycle.ts'

/** A task that a pod holds. */
export interface TaskStatus {
  /** `stage/partition`. */
  readonly name: string
  /** How far the task is, from its opening to its end. */
  readonly phase: TaskPhase
  /** The error that blocks the task. `undefined` in any other phase. */
  readonly blockedBy: unknown
}

/** A pod at the moment of the question. */
export interface PodStatus {
  /** How far the pod is, from its start to its end. */
  readonly phase: PodPhase
  /** The group has answered the join of this pod, with tasks or without. */
  readonly hasJoined: boolean
  /** The tasks that it owns, takes over or hands over. */
  readonly tasks: readonly TaskStatus[]
}

/** The parts of a pod that its status reads. */
export interface StatusSource {
  readonly phase: PodPhase
  readonly tasks: readonly TaskStatus[]
  readonly metrics: { readonly rebalances: number }
}

export function statusOf({ phase, tasks, metrics }: StatusSource): PodStatus {
  return {
    phase,
    hasJoined: metrics.rebalances > 0,
    tasks: tasks.map(({ name, phase, blockedBy }) => ({
      name,
      phase,
      blockedBy: phase === 'blocked' ? blockedBy : undefined,
    })),
  }
}
