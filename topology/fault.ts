/** One thing that is wrong with a graph, with what its author can do about it. */

import { DURATION_REMEDY, type Duration, durationText, isDuration, shown } from '#core/duration.ts'

/** One thing that is wrong with a graph, with what its author can do about it. */
export interface Fault {
  /** The operator, topic or other part that it is about. */
  readonly node: string
  /** What is wrong, in words. */
  readonly problem: string
  /** What to do about it. */
  readonly remedy: string
}

/** The fault of a field that holds no duration of at least `least` milliseconds; none where it was left out. */
export function durationFaults(
  node: string,
  field: string,
  duration: Duration | undefined,
  least = 0,
): readonly Fault[] {
  const isFine = duration === undefined || isDuration(duration, least)
  const bound = least > 0 ? `, at least ${durationText(least)}` : ''
  return isFine ? [] : [fault(node, `its ${field} is ${shown(duration)}`, `${DURATION_REMEDY}${bound}`)]
}

/** Looks at one aspect of a graph and lists all that is wrong with it. */
export type Check<T> = (subject: T) => readonly Fault[]

/** The fault, unless the condition holds. */
export function unless(condition: boolean, node: string, problem: string, remedy: string): readonly Fault[] {
  return condition ? [] : [fault(node, problem, remedy)]
}

/** One fault at a node, with what is wrong and how to correct it. */
export function fault(node: string, problem: string, remedy: string): Fault {
  return { node, problem, remedy }
}
