/** Begins to read the sources of a task where its checkpoint says. */
import type { TopicPartition } from '#core/record.ts'
import { decodeCheckpoint } from '#engine/commit/checkpoint.ts'
import { SourceProgress } from '#engine/commit/source-progress.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { SourceIntake } from '#engine/record/source-intake.ts'
import type { StageProgram } from '#engine/record/stage-program.ts'
import { type FoundSources, sourceFailure, sourceStarts } from './source-starts.ts'

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
