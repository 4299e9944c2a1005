/** Names of pods' incarnations: each start of a pod is one of its own, unique among all that ever were. */
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { PodContext } from '#engine/record/pod-context.ts'

export function incarnationOf(pod: string, system: System): string {
  return `${pod}:${system.now()}:${Math.floor(system.random() * 1e9).toString(36)}`
}

/** Whether another incarnation is an earlier or later one of the same pod; of pods that run, no two have one name. */
export function isSamePod(incarnation: string, other: string): boolean {
  return incarnation !== other && podOf(incarnation) === podOf(other)
}

/**
 * Two pods of one name would fence each other for ever: the one that started later ends with NAME_TAKEN. Of a pod that was killed
 * the group knows until its session ends; whoever is still a member when this one has run for longer than that lives. `startedAt` is
 * by the monotonic clock of this process; who started later is told by the time stamps in the names.
 */
export function endIfDuplicate(pod: PodContext, members: ReadonlySet<string>, startedAt: number): void {
  const { incarnation, limits, system } = pod
  if (system.monotonic() - startedAt <= limits.sessionTimeoutMs + SLACK_MS) return
  const earlier = (other: string) => isSamePod(incarnation, other) && startOf(other) <= startOf(incarnation)
  const other = [...members].find(earlier)
  if (other !== undefined) pod.fail(new CaudalError('NAME_TAKEN', { name: podOf(incarnation), other }))
}

/** For the group to notice that a session has ended. */
const SLACK_MS = 1_000

/** A pod's name may have colons of its own. */
const START = /:(\d+):[0-9a-z]+$/
const startOf = (incarnation: string): number => Number(START.exec(incarnation)?.[1] ?? 0)
/** The name of the pod that an incarnation is a start of. */
export const podOf = (incarnation: string): string => incarnation.replace(START, '')
