/** Each input has exactly one outcome: nothing is lost, nothing comes twice. */
import type { Evidence } from '../evidence.ts'
import type { Check } from '../scenario.ts'

/** Compares the ids that went in with those that came out, dead letters included. */
export function exactlyOnce(
  given: (evidence: Evidence) => readonly string[],
  got: (evidence: Evidence) => readonly string[],
): Check {
  return evidence => {
    const counts = new Map<string, number>()
    for (const id of got(evidence)) counts.set(id, (counts.get(id) ?? 0) + 1)
    const complaints: string[] = []
    for (const id of given(evidence)) {
      const count = counts.get(id) ?? 0
      if (count !== 1) complaints.push(`${id} has ${count} outcomes`)
      counts.delete(id)
    }
    for (const id of counts.keys()) complaints.push(`${id} has an outcome and never went in`)
    return complaints
  }
}

/** No pod ended by itself. */
export const podsHeld: Check = ({ failures }) =>
  failures.map(({ process, error }) => `${process} ended with ${String(error)}`)
