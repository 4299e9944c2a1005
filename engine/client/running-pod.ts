/**
 * The pod behind what `run` gives, for this repository alone. The command line, the kit and the benchmarks read figures of it
 * that no other program depends on.
 */
import { CaudalError } from '#core/errors.ts'
import type { Pod } from '#engine/pod/pod.ts'

const pods = new WeakMap<object, Pod>()

/** Notes that `running` stands for the pod. Returns `running`. */
export function standingFor<R extends object>(running: R, pod: Pod): R {
  pods.set(running, pod)
  return running
}

/** The pod of a running topology. Throws INTERNAL for an object that `run` has not returned. */
export function podOf(running: object | undefined): Pod {
  const pod = running && pods.get(running)
  if (!pod) throw new CaudalError('INTERNAL', { reason: 'there is no pod behind this object' })
  return pod
}
