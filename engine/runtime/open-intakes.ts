/** Begins to read the sources of a task where its checkpoint says. */
import type { TopicPartition } from '#engine/core/record.ts'
import { decodeCheckpoint } from './checkpoint.ts'
import type { PodContext } from './pod-context.ts'
import { SourceIntake } from './source-intake.ts'
import { SourceProgress } from './source-progress.ts'
import { type FoundSources, sourceFailure, sourceStarts } from './source-starts.ts'
import type { StageProgram } from './stage-program.ts'

export interface OpenedSources {
  readonly task: string
  readonly program: StageProgram
  readonly pod: PodContext
  readonly places: readonly TopicPartition[]
  /** The checkpoint as it is stored. */
  readonly stored: Uint8Array | undefined
  readonly found: FoundSources
  /** Reading has ended with this error. */
  readonly onFailed: (error: unknown) => void
}

/** Throws CHECKPOINT_LOST or TOPIC_REPLACED, STATE_NEWER or LOG_CORRUPT. */
export function openIntakes(options: OpenedSources): SourceIntake[] {
  const { task, program, pod, places, stored, found, onFailed } = options
  const { log, system, limits, topics } = pod
  const positions = stored ? decodeCheckpoint(stored, task).sources : {}
  const starts = sourceStarts(task, places, positions, found, topics)
  return starts.map(({ place, topicId, low, ahead }) => {
    return new SourceIntake({
      place,
      topicId,
      entries: program.entries.get(place.topic) ?? [],
      progress: new SourceProgress(low, ahead),
      log,
      system,
      limits,
      enqueue: callback => pod.enqueue(callback),
      onFailed: (error, { progress }) => onFailed(sourceFailure(task, error, place, progress.low)),
    })
  })
}
