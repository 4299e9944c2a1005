/** Each input has exactly one outcome: nothing is lost, nothing comes twice. */
import { json } from '#core/codec.ts'
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

interface Identified {
  readonly id: string
}
const identified = json<Identified>('identified')

/** The ids that went into a topic, or came out. */
export function idsIn(topic: string): (evidence: Evidence) => readonly string[] {
  return evidence => evidence.read(topic, identified).map(({ value: { id } }) => id)
}

/** Of the inputs that became dead letters. */
export function deadIds(evidence: Evidence): readonly string[] {
  return evidence.deadLetters().map(({ origin }) => identified.decode(origin.value ?? new Uint8Array()).id)
}

/** In one of the topics or among the dead letters. */
export function idsOut(...topics: readonly string[]): (evidence: Evidence) => readonly string[] {
  return evidence => [...topics.flatMap(topic => idsIn(topic)(evidence)), ...deadIds(evidence)]
}

/** As many outcomes, dead letters included, as inputs. */
export function allOut(given: string, ...topics: readonly string[]): (evidence: Evidence) => boolean {
  return evidence => {
    const all = [...topics, evidence.plan.deadLetterTopic].map(topic => evidence.count(topic))
    return all.reduce((sum, count) => sum + count) >= evidence.count(given)
  }
}

/** No pod ended by itself. */
export const podsHeld: Check = ({ failures }) =>
  failures.map(({ process, error }) => `${process} ended with ${String(error)}`)
