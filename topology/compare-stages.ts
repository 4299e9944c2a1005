/** Stages between two versions: state and positions belong to a stage's name and number of tasks. */
import { type Change, change } from './change.ts'
import type { StageSummary, TopologySummary } from './summary.ts'

/** Stages that are new, gone, or of another number of tasks. */
export function comparedStages(before: TopologySummary, after: TopologySummary): readonly Change[] {
  const known = Object.entries(before.stages).flatMap(([name, stage]) => {
    const now = after.stages[name]
    if (!now) return [goneStage(name, before, after)]
    if (now.partitions === stage.partitions) return []
    return [resized(name, stage, now, [before, after])]
  })
  const added = Object.keys(after.stages).filter(name => !before.stages[name])
  return [
    ...known,
    ...added.map(name => change(`stage ${name} is new`, 'safe')),
    ...movedSources(before, after),
  ]
}

/** Without anything stored by key, tasks may be added: positions belong to partitions, and new ones are read from their start. */
function resized(
  name: string,
  { partitions: former }: StageSummary,
  { partitions, sources }: StageSummary,
  [before, after]: readonly [TopologySummary, TopologySummary],
): Change {
  const what = `stage ${name} has ${partitions} tasks instead of ${former}`
  const isKeyed = keepsState(name, before) || keepsState(name, after)
  if (partitions > former && !isKeyed) return change(what, 'safe', 'its state topic is grown at the start')
  const read = sources.map(source => after.topics[source])
  const areFit = read.every(topic => topic?.kind === 'source' && topic.partitions % former === 0)
  if (areFit) {
    const remedy = `declare tasks: ${former} for ${listed('source', sources)}: each key then stays with its state, and a task reads several partitions`
    return change(what, 'refused', remedy)
  }
  const again = 'or run the graph under another application name, which begins without state and positions'
  if (read.some(topic => topic?.kind !== 'source'))
    return change(
      what,
      'refused',
      `read topics of ${former} partitions: keys and positions belong to a partition number`,
    )
  const multiple = `${former === 1 ? 'any number' : `a multiple of ${former}`}`
  return change(
    what,
    'refused',
    `its keys are in other partitions now; read sources with ${multiple} of partitions, ${again}`,
  )
}

function keepsState(stage: string, { operators }: TopologySummary): boolean {
  return Object.values(operators).some(each => each.stage === stage && Object.keys(each.stored).length > 0)
}

function listed(what: string, names: readonly string[]): string {
  return names.map(name => `${what} ${name}`).join(', ')
}

function goneStage(name: string, before: TopologySummary, after: TopologySummary): Change {
  const heir = heirOf(name, before, after)
  if (heir === undefined) return change(`stage ${name} is gone`, 'safe')
  return change(
    `stage ${name} became ${heir}, which has neither its state nor its positions`,
    'refused',
    `declare { stage: '${name}' } where one of its operators is attached; to begin ${heir} without them, first run a version with neither`,
  )
}

/** Positions belong to stages: a stage that begins to read another stage's source would read it from its start. */
function movedSources(before: TopologySummary, after: TopologySummary): readonly Change[] {
  return Object.entries(after.stages).flatMap(([name, { sources }]) =>
    sources
      .filter(source => !before.stages[name]?.sources.includes(source))
      .flatMap(source => {
        const former = Object.keys(before.stages).find(
          stage =>
            before.stages[stage]?.sources.includes(source) &&
            !after.stages[stage]?.sources.includes(source) &&
            heirOf(stage, before, after) !== name,
        )
        if (former === undefined) return []
        const what = `stage ${name} would read ${source} from its start, which stage ${former} has read so far`
        const remedy = `leave it to stage ${former}; to read it again from its start, first run a version in which neither reads it`
        return [change(what, 'refused', remedy)]
      }),
  )
}

/** What a stage that is gone lives on as: where one of its operators is now, or else a new stage that reads the same. */
export function heirOf(name: string, before: TopologySummary, after: TopologySummary): string | undefined {
  if (after.stages[name]) return undefined
  const moved = Object.entries(after.operators).find(
    ([operator]) => before.operators[operator]?.stage === name,
  )
  if (moved) return moved[1].stage
  const sources = before.stages[name]?.sources ?? []
  const alike = Object.entries(after.stages).find(
    ([stage, now]) => !before.stages[stage] && now.sources.some(source => sources.includes(source)),
  )
  return alike?.[0]
}
