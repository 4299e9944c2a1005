/** State, timers and steps between two versions: each thing stored must still have an owner that can read it. */
import { type Change, change } from './change.ts'
import { heirOf } from './compare-stages.ts'
import type { OperatorSummary, TopologySummary } from './summary.ts'

/** State, timers and steps that no operator of the later version owns or can read. */
export function comparedStored(before: TopologySummary, after: TopologySummary): readonly Change[] {
  const was = stored(before)
  const is = stored(after)
  const renamedTo = new Set(Object.values(after.renamedState))
  const adoptable = [...is].filter(([name]) => !was.has(name) && !renamedTo.has(name))
  return [
    ...[...was].flatMap(([name, old]) => {
      if (after.droppedState.includes(name)) return [change(`${old.text} ${name} is dropped`, 'safe')]
      const renamed = after.renamedState[name]
      const now = is.get(renamed ?? name)
      if (!now) return [goneState(name, old, adoptable, before, after)]
      return fits(name, renamed ?? name, old, now)
    }),
    ...Object.entries(before.operators).flatMap(([name, operator]) =>
      comparedSteps(name, operator, after.operators[name]),
    ),
  ]
}

interface Stored {
  readonly text: string
  readonly stage: string
}

function stored(summary: TopologySummary): ReadonlyMap<string, Stored> {
  const all = Object.entries(summary.operators).flatMap(([operator, { stage, stored }]) =>
    Object.entries(stored).map(([name, text]) => [`${operator}.${name}`, { text, stage }] as const),
  )
  return new Map(all)
}

/** Where the stage is gone too, what became of the stage matters: its first operator was renamed, or it is of another version. */
function goneState(
  name: string,
  old: Stored,
  adoptable: readonly (readonly [string, Stored])[],
  before: TopologySummary,
  after: TopologySummary,
): Change {
  const stageHeir = heirOf(old.stage, before, after)
  if (!after.stages[old.stage] && stageHeir === undefined) {
    const what = `${old.text} ${name} stays behind with stage ${old.stage}`
    return change(what, 'safe', `a version that has stage ${old.stage} goes on from it`)
  }
  const what = `${old.text} ${name} has no owner any more`
  const drop = `dropState('${name}')`
  const heir = adoptable.find(
    ([, { text, stage }]) => text === old.text && stage === (stageHeir ?? old.stage),
  )
  if (!heir) return change(what, 'needsDrop', `declare ${drop}, or keep the state`)
  return change(what, 'needsRename', `declare renameState('${name}', '${heir[0]}'), or ${drop}`)
}

/** What is stored under the old name, against what the new version declares under its present name. */
function fits(from: string, to: string, old: Stored, now: Stored): readonly Change[] {
  if (old.stage !== now.stage) {
    const what = `${old.text} ${from} would move from stage ${old.stage} to ${now.stage}`
    const remedy = `keep its operator in stage ${old.stage}, or give it another name and declare dropState('${from}')`
    return [change(what, 'refused', remedy)]
  }
  if (old.text !== now.text && from === to) {
    const remedy = `keep the name of its type if what is stored can still be read, or give the new state another name and declare dropState('${from}')`
    return [change(`${from} is ${now.text} instead of ${old.text}`, 'needsDrop', remedy)]
  }
  if (old.text !== now.text) {
    const what = `${from} is ${old.text}, but is to become ${to}, which is ${now.text}`
    return [change(what, 'refused', `declare dropState('${from}') instead`)]
  }
  return from === to ? [] : [change(`${old.text} ${from} is renamed to ${to}`, 'safe')]
}

/** Step results live as long as their record is under way. */
function comparedSteps(
  name: string,
  before: OperatorSummary,
  after: OperatorSummary | undefined,
): readonly Change[] {
  if (!after) return []
  return Object.entries(before.steps).flatMap(([step, codec]) => {
    const now = after.steps[step]
    if (now === codec) return []
    const again = 'records under way run its call again'
    if (now === undefined) return [change(`step ${name}.${step} is gone`, 'safe', again)]
    const what = `step ${name}.${step} results in ${now} instead of ${codec}`
    return [change(what, 'needsRename', `give the step another name; ${again}`)]
  })
}
