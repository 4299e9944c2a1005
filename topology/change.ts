/** One difference between two versions of a graph. */

/**
 * - `safe`: nothing to do
 * - `needsRename`: say what became of a name, with `renameState` or by keeping the old one
 * - `needsDrop`: say with `dropState` that it is meant to be gone
 * - `refused`: the newer version cannot go on from where the earlier one stopped
 */
export type Verdict = 'safe' | 'needsRename' | 'needsDrop' | 'refused'

/** One difference between two versions of a graph: what changed, what that means for stored data, and what to declare. */
export interface Change {
  /** What was changed, in words. */
  readonly what: string
  /** Whether the change is safe for stored state. */
  readonly verdict: Verdict
  /** What a person can do about the change. */
  readonly remedy: string
}

/** A change with its verdict. The remedy of a safe change is to do nothing. */
export function change(what: string, verdict: Verdict, remedy = 'nothing to do'): Change {
  return { what, verdict, remedy }
}
