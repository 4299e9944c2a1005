/**
 * Which dead letters may be sent again. A record that is written to its topic once more reaches every reader of it, not only
 * the operator that gave it up. So nothing is sent again that others would take for something new.
 */
import { TOPICS } from '#answers/topics.ts'
import type { DeadLetter } from '#engine/record/dead-letter.ts'
import type { Plan } from '#topology/plan.ts'
import { disturbedBy, emits, operatorOf } from '#topology/reach.ts'

/** What applications read as what became of their questions. */
const OUTCOMES: readonly string[] = [TOPICS.delivered, TOPICS.failed]

/** Why a dead letter may not be sent again, and what to do instead. Nothing where it may. */
export function refusalOf(letter: Pick<DeadLetter, 'node' | 'origin'>, plan: Plan): string | undefined {
  const { origin } = letter
  const node = plan.renamedState[letter.node] ?? letter.node
  if (origin.partition < 0) return `it was a timer, which no topic holds`
  const others = disturbed(node, origin.topic, plan)
  if (others.length === 0) return undefined
  return `${origin.topic} is read by ${others.join(' and ')} too, which would take the record once more; ${insteadOf(node, plan)}`
}

function disturbed(node: string, topic: string, plan: Plan): readonly string[] {
  const names = disturbedBy(plan, node, topic)
  return plan.topics.has(topic) && OUTCOMES.includes(topic) ? [...names, 'applications'] : names
}

function insteadOf(node: string, plan: Plan): string {
  const known = operatorOf(plan, node)
  if (!known) return `${node} is not in this graph: use the settings of the pods`
  return emits(known)
    ? `once ${node} works again, it takes what comes`
    : `caudal database rebuild writes again what ${node} keeps in a database, and a cache fills itself`
}
