/** The sources of one task: each is read from its position in the checkpoint, and gives its position for the next checkpoint. */
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { type Checkpoint, decodeCheckpoint } from '#engine/commit/checkpoint.ts'
import { SourceProgress } from '#engine/commit/source-progress.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { SourceIntake } from '#engine/record/source-intake.ts'
import type { StageProgram } from '#engine/record/stage-program.ts'
import { type FoundSources, sourceFailure, sourceStarts } from './source-starts.ts'

export interface TaskSourcesOptions {
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

export class TaskSources {
  readonly intakes: readonly SourceIntake[]
  /** Positions of sources that only another version of the graph reads. They are kept, so that this version can go on from there. */
  readonly #elsewhere: Checkpoint['sources']

  /** Throws CHECKPOINT_LOST or TOPIC_REPLACED, STATE_NEWER or LOG_CORRUPT. */
  constructor(options: TaskSourcesOptions) {
    const { task, stored } = options
    const positions = stored ? decodeCheckpoint(stored, task).sources : {}
    this.intakes = openIntakes(options, positions)
    const read = new Set(this.intakes.map(partitionKey))
    this.#elsewhere = Object.fromEntries(Object.entries(positions).filter(([place]) => !read.has(place)))
  }

  /** The positions of all sources, for the checkpoint. */
  get reached(): Checkpoint['sources'] {
    const read = this.intakes.map(intake => [partitionKey(intake), intake.reached] as const)
    return { ...this.#elsewhere, ...Object.fromEntries(read) }
  }

  /** Lowest unfinished offset of each source, in the order of the intakes. */
  get lows(): readonly number[] {
    return this.intakes.map(({ progress }) => progress.low)
  }

  close(): void {
    for (const intake of this.intakes) intake.close()
  }
}

function openIntakes(options: TaskSourcesOptions, positions: Checkpoint['sources']): SourceIntake[] {
  const { task, program, pod, places, found, onFailed } = options
  const { log, system, limits, topics } = pod
  return sourceStarts(task, places, positions, found, topics).map(({ place, topicId, low, ahead }) => {
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
