/**
 * Says what the changes between two versions of a graph mean for what the earlier one left behind: stored state, positions,
 * and records under way. Names are the identity: an operator, state or stage with another name is another one.
 */

import type { Change } from './change.ts'
import { change } from './change.ts'
import { comparedStages } from './compare-stages.ts'
import { comparedStored } from './compare-stored.ts'
import { comparedDelays, comparedTopics } from './compare-topics.ts'
import type { OperatorSummary, TopologySummary } from './summary.ts'

export type { Change, Verdict } from './change.ts'

/**
 * Every difference that matters, with its verdict; an empty list means that nothing changed. `drained` names topics
 * known to be read to their end by every stage: what would lose records otherwise is then safe.
 */
export function compare(
  before: TopologySummary,
  after: TopologySummary,
  drained: ReadonlySet<string> = new Set(),
): readonly Change[] {
  if (before.application !== after.application) {
    const what = `application ${before.application} became ${after.application}`
    const remedy = 'keep the name: another name begins without state and positions'
    return [change(what, 'refused', remedy)]
  }
  return [
    ...comparedTopics(before, after, drained),
    ...comparedDelays(before, after, drained),
    ...comparedStages(before, after),
    ...comparedOperators(before, after),
    ...comparedStored(before, after),
  ]
}

/** The changes that would lose state, positions or delayed records. No pod starts with such a change. */
export function losses(
  before: TopologySummary,
  after: TopologySummary,
  drained: ReadonlySet<string>,
): readonly Change[] {
  const kept = [
    ...comparedDelays(before, after, drained),
    ...comparedStages(before, after),
    ...comparedStored(before, after),
  ]
  return kept.filter(isUnsafe)
}

/** The changes that would leave records in topics unread or misread. A version that fits can still read them. */
export function leftovers(
  before: TopologySummary,
  after: TopologySummary,
  drained: ReadonlySet<string>,
): readonly Change[] {
  return comparedTopics(before, after, drained).filter(isUnsafe)
}

function isUnsafe({ verdict }: Change): boolean {
  return verdict !== 'safe'
}

function comparedOperators(before: TopologySummary, after: TopologySummary): readonly Change[] {
  const known = Object.entries(before.operators).flatMap(([name, operator]) => {
    const now = after.operators[name]
    return now ? comparedOutputs(name, operator, now) : [change(`operator ${name} is gone`, 'safe')]
  })
  const added = Object.keys(after.operators).filter(name => !before.operators[name])
  return [...known, ...added.map(name => change(`operator ${name} is new`, 'safe'))]
}

function comparedOutputs(name: string, before: OperatorSummary, after: OperatorSummary): readonly Change[] {
  const outputs = new Set([...Object.keys(before.outputs), ...Object.keys(after.outputs)])
  return [...outputs].flatMap(output => {
    const [was, is] = [before.outputs[output], after.outputs[output]]
    if (JSON.stringify(was) === JSON.stringify(is)) return []
    return [change(`output ${name}.${output} goes ${targets(is)} instead of ${targets(was)}`, 'safe')]
  })
}

function targets(list: readonly string[] | undefined): string {
  return list === undefined || list.length === 0 ? 'nowhere' : `to ${list.join(', ')}`
}
