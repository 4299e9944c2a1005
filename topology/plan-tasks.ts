/** What the group has to know of a plan. */
import type { TaskId, TopicPartition } from '#core/record.ts'
import type { Plan, Stage } from './plan.ts'

/** Every task of the plan: one for each partition number of each stage. */
export function tasksOf({ stages }: Plan): TaskId[] {
  return stages.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ stage: name, partition })),
  )
}

/** What the task of this number reads: with more partitions than tasks, every so many-th. */
export function sourcePlacesOf({ sources, partitions: tasks }: Stage, task: number): TopicPartition[] {
  return sources.flatMap(({ topic, partitions }) =>
    Array.from({ length: Math.ceil((partitions - task) / tasks) }, (_, turn) => ({
      topic,
      partition: task + turn * tasks,
    })),
  )
}

/** The state partitions of all tasks: a task's claim is kept under its own. */
export function statePlacesOf({ stages }: Plan): TopicPartition[] {
  return stages.flatMap(({ stateTopic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: stateTopic, partition })),
  )
}

/** Everything that a pod of this plan may write to. */
export function writePlacesOf({ topicSpecs, topics, topologyTopic }: Plan): TopicPartition[] {
  return topicSpecs
    .filter(({ name }) => name !== topologyTopic && topics.get(name)?.kind !== 'source')
    .flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
    )
}

/** Where claims and positions of the group are kept. */
export function groupTopicsOf({ stages }: Plan): string[] {
  return stages.flatMap(({ stateTopic, sources }) => [stateTopic, ...sources.map(({ topic }) => topic)])
}
