/**
 * The pod behind what `run` gives, for this repository alone: the command line, the kit and the benchmarks look at figures that
 * no program outside depends on.
 */
import { CaudalError } from '#core/errors.ts'
import type { Pod } from '#engine/pod/pod.ts'

const pods = new WeakMap<object, Pod>()

/** Notes that `running` stands for the pod, and gives it back. */
export function standingFor<R extends object>(running: R, pod: Pod): R {
  pods.set(running, pod)
  return running
}

/** Throws INTERNAL for what `run` has not given. */
export function podOf(running: object | undefined): Pod {
  const pod = running && pods.get(running)
  if (!pod) throw new CaudalError('INTERNAL', { reason: 'there is no pod behind this object' })
  return pod
}
