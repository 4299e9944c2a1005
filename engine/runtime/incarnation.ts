/** Names of pods' incarnations: each start of a pod is one of its own, unique among all that ever were. */
import type { System } from '#engine/core/system.ts'

export function incarnationOf(pod: string, system: System): string {
  return `${pod}:${system.now()}:${Math.floor(system.random() * 1e9).toString(36)}`
}

/** Whether another incarnation is an earlier or later one of the same pod; of pods that run, no two have one name. */
export function isSamePod(incarnation: string, other: string): boolean {
  return incarnation !== other && podOf(incarnation) === podOf(other)
}

/** A pod's name may have colons of its own. */
const podOf = (incarnation: string): string => incarnation.replace(/:\d+:[0-9a-z]+$/, '')
