/** One thing that is wrong with a graph, with what its author can do about it. */

export interface Fault {
  /** The operator, topic or other part that it is about. */
  readonly node: string
  readonly problem: string
  /** What to do about it. */
  readonly remedy: string
}

/** Looks at one aspect of a graph and lists all that is wrong with it. */
export type Check<T> = (subject: T) => readonly Fault[]

/** The fault, unless the condition holds. */
export function unless(condition: boolean, node: string, problem: string, remedy: string): readonly Fault[] {
  return condition ? [] : [fault(node, problem, remedy)]
}

export function fault(node: string, problem: string, remedy: string): Fault {
  return { node, problem, remedy }
}
