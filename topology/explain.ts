/** A plan in words, for a terminal. */
import { type Duration, durationMs, durationText } from '#core/duration.ts'
import type { TopicSpec } from '#engine/log/log.ts'
import type { Plan, Stage } from './plan.ts'
import { isDelayed } from './stages.ts'
import type { OperatorNode, Route } from './topology.ts'

/** Stages with their operators, state, timers and outputs, then the topics; ends without a line break. */
export function explainText(plan: Plan): string {
  const tasks = plan.stages.reduce((sum, stage) => sum + stage.partitions, 0)
  return [
    `${plan.application}: ${[
      counted(plan.stages.length, 'stage'),
      counted(tasks, 'task'),
      counted(plan.topicSpecs.length, 'topic'),
    ].join(', ')}`,
    ...plan.stages.flatMap(stage => ['', ...stageLines(stage)]),
    '',
    'topics',
    ...aligned(plan.topicSpecs.map(spec => topicColumns(spec, plan))).map(indented(2)),
    ...stateChangeLines(plan),
  ].join('\n')
}

function stageLines(stage: Stage): readonly string[] {
  const sources = stage.sources.map(source => source.topic)
  const waits = stage.tiers.map(tier => durationText(tier.waitMs))
  return [
    `stage ${stage.name}: ${counted(stage.partitions, 'task')}, state in ${stage.stateTopic}`,
    indented(2)(`reads ${sources.join(', ')}`),
    ...(waits.length === 0 ? [] : [indented(2)(`waits ${waits.join(', ')}`)]),
    ...[...stage.operators.values()].flatMap(operatorLines),
  ]
}

function operatorLines(node: OperatorNode): readonly string[] {
  const { state, timers, steps, tables } = node.operator
  const batch = node.operator.kind === 'batch' ? node.operator.batch : undefined
  const outputs = Object.entries(node.routes).map(([output, routes]) => [output, targetsOf(routes)])
  return [
    `  ${node.name}${node.endsBecause === undefined ? '' : `, whose loop ends because ${node.endsBecause}`}`,
    ...Object.entries(state).map(([name, { kind, codec, ttl }]) => {
      return `state ${name}: ${kind} of ${codec.name}${ttl === undefined ? '' : ` for ${written(ttl)}`}`
    }),
    ...timers.map(name => `timer ${name}`),
    ...Object.entries(steps).map(([name, codec]) => `step ${name}: ${codec.name}`),
    ...Object.entries(tables).map(([name, codec]) => `table ${name}: ${codec.name}`),
    ...(batch ? [`batches of ${batch.recordsMax}, gathered for ${written(batch.wait)}`] : []),
    ...aligned(outputs.map(([output = '', targets = '']) => [output, `-> ${targets}`])),
  ].map((line, index) => (index === 0 ? line : indented(4)(line)))
}

function targetsOf(routes: readonly Route[]): string {
  const targets = routes.map(route => {
    if (route.kind === 'operator') return `operator ${route.operator}`
    return isDelayed(route) ? `${route.topic} after ${route.delay.tiers.map(written).join(' ')}` : route.topic
  })
  return targets.join(', ') || '(discarded)'
}

/** In the unit that suits it, however it was declared. */
function written(duration: Duration): string {
  return durationText(durationMs(duration))
}

function topicColumns(spec: TopicSpec, plan: Plan): readonly string[] {
  const declared = plan.topics.get(spec.name)
  const kept = spec.retentionMs === undefined ? '' : `, kept ${durationText(spec.retentionMs)}`
  const holds = declared?.codec.name ?? ''
  const partitions = `${counted(spec.partitions, 'partition')}${spec.compacted ? ', compacted' : ''}${kept}`
  return [spec.name, declared?.kind ?? 'internal', partitions, holds]
}

function stateChangeLines(plan: Plan): readonly string[] {
  const renamed = Object.entries(plan.renamedState).map(([from, to]) => `renames state ${from} to ${to}`)
  const changes = [...plan.droppedState.map(name => `drops state ${name}`), ...renamed]
  return changes.length === 0 ? [] : ['', 'at start', ...changes.map(indented(2))]
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`

const indented = (spaces: number) => (line: string) => `${' '.repeat(spaces)}${line}`

/** Rows of columns as lines whose columns begin below each other. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
