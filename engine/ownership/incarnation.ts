/** Names of incarnations. Each start of a pod is an incarnation with a name that no other start ever has. */
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { PodContext } from '#engine/record/pod-context.ts'

export function incarnationOf(pod: string, system: System): string {
  return `${pod}:${system.now()}:${Math.floor(system.random() * 1e9).toString(36)}`
}

/** Whether both are starts of one pod: at most one of them can be alive, because running pods have different names. */
export function isSamePod(incarnation: string, other: string): boolean {
  return incarnation !== other && podOf(incarnation) === podOf(other)
}

/**
 * Two live pods with one name would fence each other for ever. So the pod that started later ends with NAME_TAKEN.
 *
 * A killed pod stays a member of the group until its session expires. This pod has run for longer than a session: a member with
 * its name is a live duplicate. The time stamps in the names say which pod started later. `startedAt` is by the monotonic
 * clock of this process.
 */
export function endIfDuplicate(pod: PodContext, members: ReadonlySet<string>, startedAt: number): void {
  const { incarnation, limits, system } = pod
  if (system.monotonic() - startedAt <= limits.sessionTimeoutMs + SLACK_MS) return
  const earlier = (other: string) => isSamePod(incarnation, other) && startOf(other) <= startOf(incarnation)
  const other = [...members].find(earlier)
  if (other !== undefined) pod.fail(new CaudalError('NAME_TAKEN', { name: podOf(incarnation), other }))
}

/** How long the group may take to notice that a session has ended. */
const SLACK_MS = 1_000

/** A pod's name may have colons of its own. */
const START = /:(\d+):[0-9a-z]+$/
const startOf = (incarnation: string): number => Number(START.exec(incarnation)?.[1] ?? 0)
/** The name of the pod that an incarnation is a start of. */
export const podOf = (incarnation: string): string => incarnation.replace(START, '')
