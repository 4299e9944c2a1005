/** How far a task is at a commit: the lowest unfinished offset of each source, and the records that are done above it. */
import type { Runs } from './source-progress.ts'
import { corrupt, FORMAT, fieldsOf, parseStored } from './stored-fields.ts'

/** The content of a checkpoint record. */
export interface Checkpoint {
  readonly format: 1
  /** The incarnation that committed it. Commit numbers compare within one incarnation only. */
  readonly incarnation: string
  readonly number: number
  /** By `topic/partition`. */
  readonly sources: Readonly<Record<string, SourcePosition>>
}

export interface SourcePosition {
  readonly low: number
  readonly ahead: Runs
  /** Id of the topic whose offsets these are. Absent in checkpoints of versions that did not store it. */
  readonly id?: string | undefined
}

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  return Buffer.from(JSON.stringify(checkpoint))
}

/** Throws STATE_NEWER for a format of a later version, LOG_CORRUPT for bytes that are no checkpoint. */
export function decodeCheckpoint(bytes: Uint8Array, task = 'unknown'): Checkpoint {
  const { incarnation, number, sources } = parseStored(bytes, task)
  const valid = typeof incarnation === 'string' && Number.isSafeInteger(number) && isSources(sources)
  if (!valid) throw corrupt(task, 'a checkpoint lacks fields')
  return { format: FORMAT, incarnation, number: Number(number), sources }
}

function isSources(value: unknown): value is Checkpoint['sources'] {
  return Object.values(fieldsOf(value)).every(source => {
    const { low, ahead, id } = fieldsOf(source)
    return (
      (id === undefined || typeof id === 'string') &&
      Number.isSafeInteger(low) &&
      Array.isArray(ahead) &&
      ahead.every(length => Number.isSafeInteger(length))
    )
  })
}
