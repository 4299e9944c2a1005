/** The records in progress in a pod: the oldest of each stage, so that a report of them stays small. */
import type { Task } from '#engine/task/task.ts'
import type { WorkInProgress } from '#engine/task/work-in-progress.ts'

export const WORK_MAX = 20
/** Keys may have a kilobyte. */
const KEY_CHARACTERS_MAX = 200

/** A record in progress, and what it waits for, as plain data. */
export interface PodWork {
  /** `stage/partition`. */
  readonly task: string
  /** Identity of the record. */
  readonly id: string
  /** Its key; nothing for a record without one. */
  readonly key: string | null
  /** `topic/partition@offset`, or the timer. */
  readonly place: string
  readonly attempt: number
  /** How long ago its first attempt began. Left out where that is not known. */
  readonly ageMs?: number | undefined
  /** Left out while it waits for its next attempt. */
  readonly operator?: string | undefined
  /** Records of the same key that wait behind it. */
  readonly behind: number
  /** call, operator, commit, retry or unavailable. */
  readonly waitsFor: string
}

interface Found extends WorkInProgress {
  readonly task: string
}

export function podWork(tasks: readonly Task[], now: number): readonly PodWork[] {
  const byStage = Map.groupBy(tasks, ({ id }) => id.stage)
  return [...byStage.values()].flatMap(own =>
    own
      .flatMap(({ name: task, work }) => (work?.inProgress(WORK_MAX) ?? []).map(each => ({ ...each, task })))
      .sort((a, b) => (a.since ?? now) - (b.since ?? now))
      .slice(0, WORK_MAX)
      .map(found => reported(found, now)),
  )
}

function reported({ job, task, since, operator, behind, waitsFor }: Found, now: number): PodWork {
  const { id, key, place, attempt } = job
  return {
    ...{ task, id, key: key === null ? null : key.slice(0, KEY_CHARACTERS_MAX), place, attempt },
    ...(since !== undefined && { ageMs: Math.max(0, now - since) }),
    ...(operator !== undefined && { operator }),
    ...{ behind, waitsFor },
  }
}
