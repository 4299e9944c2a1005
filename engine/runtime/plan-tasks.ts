/** What the group has to know of a plan. */
import type { TaskId } from '#engine/core/record.ts'
import type { Plan } from '#topology/plan.ts'

export function tasksOf({ stages }: Plan): TaskId[] {
  return stages.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ stage: name, partition })),
  )
}

/** Where claims and positions of the group are kept. */
export function groupTopicsOf({ stages }: Plan): string[] {
  return stages.flatMap(({ stateTopic, sources }) => [stateTopic, ...sources.map(({ topic }) => topic)])
}
