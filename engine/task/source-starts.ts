/**
 * Where a task begins to read each of its sources: at the position of its checkpoint. A position belongs to the topic in which it
 * was counted. In a topic that was created again under the name, it would skip records in silence.
 */
import { CaudalError } from '#core/errors.ts'
import { partitionKey, type TaskId, type TopicPartition } from '#core/record.ts'
import type { Checkpoint } from '#engine/commit/checkpoint.ts'
import type { Runs } from '#engine/commit/source-progress.ts'
import type { Bounds } from '#engine/log/log.ts'
import type { PlanTopics, TopicsByName } from '#engine/topics/plan-topics.ts'
import { beginningOf } from '#engine/topics/source-beginnings.ts'

/** The sources as the log describes them when the task opens. `bounds` has the order of the places. */
export interface FoundSources {
  readonly topics: TopicsByName
  readonly bounds: readonly Bounds[]
}

export interface SourceStart {
  readonly place: TopicPartition
  readonly topicId: string | undefined
  readonly low: number
  readonly ahead: Runs
}

/** Throws CHECKPOINT_LOST or TOPIC_REPLACED. */
export function sourceStarts(
  task: string,
  places: readonly TopicPartition[],
  stored: Checkpoint['sources'],
  { topics, bounds }: FoundSources,
  { adopted, beginnings }: Pick<PlanTopics, 'adopted' | 'beginnings'>,
): readonly SourceStart[] {
  return places.map((place, index) => {
    const start = bounds[index]?.start ?? 0
    const { topic } = place
    const found = topics.get(topic)?.id
    const first = Math.max(start, beginningOf(beginnings, place, found))
    const { low, ahead, id } = stored[partitionKey(place)] ?? { low: first, ahead: [] }
    // The broker may not know the topic yet. Then the reader learns its id.
    const topicId = found ?? id
    const isAnother = topicId !== undefined && id !== undefined && id !== topicId
    const answer = isAnother ? adopted[topicId] : 'position'
    if (answer === undefined) throw new CaudalError('TOPIC_REPLACED', { topic, known: id, found: topicId })
    if (answer === 'start') return { place, topicId, low: start, ahead: [] }
    if (low < start) throw checkpointLost(task, place, low, `begins at ${start}`)
    return { place, topicId, low, ahead }
  })
}

function checkpointLost(
  task: string,
  place: TopicPartition,
  offset: number,
  extent: string,
  cause?: unknown,
): CaudalError {
  const { topic, partition } = place
  return new CaudalError('CHECKPOINT_LOST', { task, topic, partition, offset, extent }, cause)
}

/** The error of a task whose sources cannot be described or read. `offset` is where reading failed. */
export function sourceFailure(task: string, error: unknown, place?: TopicPartition, offset = 0): unknown {
  if (!(error instanceof CaudalError)) return error
  if (error.code === 'TOPIC_MISSING')
    return new CaudalError('TOPIC_DELETED', { topic: error.details.topic }, error)
  if (error.code !== 'OFFSET_OUT_OF_RANGE' || !place) return error
  return checkpointLost(task, place, offset, extentOf(offset, error), error)
}

/** The error of a task whose state cannot be read. `offset` is where reading failed. */
export function stateFailure(task: StatedTask, error: unknown, offset: number): unknown {
  const { name, id, statePlace } = task
  if (!(error instanceof CaudalError)) return error
  if (error.code === 'TOPIC_MISSING' || error.code === 'TOPIC_REPLACED')
    return new CaudalError('STATE_LOST', { topic: statePlace.topic, stage: id.stage }, error)
  if (error.code !== 'OFFSET_OUT_OF_RANGE') return error
  return checkpointLost(name, statePlace, offset, extentOf(offset, error), error)
}

/** A task, as the errors of its state topic name it. */
export interface StatedTask {
  readonly name: string
  readonly id: TaskId
  readonly statePlace: TopicPartition
}

/** The bound of the topic that the offset is beyond. */
function extentOf(offset: number, { details: { start, end } }: CaudalError): string {
  return offset > Number(end) ? `ends at ${end}` : `begins at ${start}`
}
