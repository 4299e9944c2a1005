/** What pods of different versions of a graph have to know of each other's stages before they share tasks. */
import { hash } from 'node:crypto'
import type { Plan } from '#topology/plan.ts'
import { summarize } from '#topology/summary.ts'

/** A stage as one version of the graph has it. Two pods may run its tasks in turn if all fields are equal. */
export interface StageVersion {
  readonly partitions: number
  /** Topics that it reads, and those that it can send delayed records on to. */
  readonly reach: number
  /** Digest of what it reads and stores. */
  readonly digest: string
}

/** By name of the stage. */
export type StageVersions = ReadonlyMap<string, StageVersion>

export function stageVersionsOf(plan: Plan): StageVersions {
  const { operators, delayedTargets } = summarize(plan)
  return new Map(
    plan.stages.map(({ name, partitions, sources, tiers }) => {
      const reads = sources.map(({ topic }) => topic)
      const reached = [...reads, ...(tiers.length > 0 ? delayedTargets : [])].sort()
      const stored = Object.entries(operators)
        .filter(([, { stage }]) => stage === name)
        .flatMap(([operator, { stored }]) =>
          Object.entries(stored).map(([of, text]) => `${operator}.${of} ${text}`),
        )
        .sort()
      const digest = hash('sha256', JSON.stringify([partitions, reached, stored]), 'base64url').slice(0, 11)
      return [name, { partitions, reach: reached.length, digest }]
    }),
  )
}
