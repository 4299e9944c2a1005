/** Computes gauges when they are read. They change with every record and are read seldom, so an update per record would be waste. */
import type { PodMetrics, ReadPlace } from '#core/pod-metrics.ts'
import type { System } from '#core/system.ts'
import type { SourceIntake } from '#engine/record/source-intake.ts'
import type { Task } from '#engine/task/task.ts'
import type { TaskPhase } from '#engine/task/task-lifecycle.ts'

export interface Gauged {
  readonly system: System
  readonly committer: {
    readonly stagedRecords: number
    readonly stagedBytes: number
    readonly committedBytes: number
    readonly uncommittedAgeMs: number
  }
  readonly tables: { readonly skipped: number }
}

/** The figures of a stage that are computed from its tasks. */
const NOTHING = {
  waiting: 0,
  buffered: 0,
  tasks: 0,
  tasksRestoring: 0,
  tasksBlocked: 0,
  tasksLeaving: 0,
  stateEntries: 0,
  stateBytes: 0,
  oldestWaitingMs: 0,
  checkpointAgeMs: 0,
}

export function updateGauges(
  metrics: PodMetrics,
  tasks: readonly Task[],
  { system, committer, tables }: Gauged,
): void {
  for (const stage of metrics.stages.values()) Object.assign(stage, NOTHING)
  for (const task of tasks) updateStage(task, system)
  metrics.sources = tasks.flatMap(({ program, intakes }) =>
    intakes.map(intake => sourceOf(program.stage.name, intake)),
  )
  metrics.restoring = tasks.filter(({ phase }) => phase === 'restoring').map(restoringOf)
  metrics.stagedRecords = committer.stagedRecords
  metrics.stagedBytes = committer.stagedBytes
  metrics.commitBytes = committer.committedBytes
  metrics.uncommittedAgeMs = committer.uncommittedAgeMs
  metrics.tableRecordsSkipped = tables.skipped
}

const PHASE_FIELDS: Partial<Record<TaskPhase, 'tasksRestoring' | 'tasksBlocked' | 'tasksLeaving'>> = {
  restoring: 'tasksRestoring',
  blocked: 'tasksBlocked',
  leaving: 'tasksLeaving',
}

function updateStage(task: Task, system: System): void {
  const { program, work, intakes, phase, committedAt, entries, stateBytes } = task
  const { metrics } = program
  const field = PHASE_FIELDS[phase]
  if (field) metrics[field]++
  metrics.tasks++
  metrics.inFlightMax = program.inFlightMax
  metrics.waiting += work?.parked ?? 0
  metrics.stateEntries += entries
  metrics.stateBytes += stateBytes
  const now = system.monotonic()
  if (phase === 'running') work?.time.look(now)
  for (const { buffered, progress, beganAt } of intakes) {
    metrics.buffered += buffered
    if (progress.unfinished > 0)
      metrics.checkpointAgeMs = Math.max(metrics.checkpointAgeMs, now - Math.max(committedAt, beganAt))
  }
  // Records of a delay tier wait for their due time, so they are no lag.
  if (program.tiers.length > 0) return
  for (const intake of intakes) {
    const written = intake.peek()?.record.timestamp
    if (written !== undefined)
      metrics.oldestWaitingMs = Math.max(metrics.oldestWaitingMs, system.now() - written)
  }
}

function sourceOf(stage: string, intake: SourceIntake): ReadPlace {
  const { topic, partition, position, density, progress, buffered } = intake
  return { stage, topic, partition, position, density, unfinished: progress.unfinished + buffered }
}

function restoringOf({ program, statePlace, position }: Task): ReadPlace {
  return { ...statePlace, stage: program.stage.name, position, density: 1, unfinished: 0 }
}
