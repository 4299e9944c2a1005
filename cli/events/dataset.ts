/** A file of questions for a load, read whole: each line must be a valid event. */
import type { Readable } from 'node:stream'
import { normalise } from '#answers/events.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { asText } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Asked } from '#load/questions.ts'
import { openEvents } from './events.ts'
import type { InputEvent } from './input-event.ts'

const FAULTS_SHOWN = 5

/** Without the events' own ids: a load gives each event one of its own. Throws REJECTED with the lines that are no events. */
export async function datasetIn(path: string, stdin: Readable): Promise<readonly Asked[]> {
  const { events } = await openEvents(path, stdin)
  const asked: Asked[] = []
  const faults: string[] = []
  for await (const event of events) {
    const read = questionOf(event)
    if ('fault' in read) faults.push(`line ${event.line}: ${read.fault}`)
    else asked.push(read.asked)
  }
  if (faults.length > 0) throw refused(path, faults)
  if (asked.length === 0) throw refused(path, ['it has no events'])
  return asked
}

function questionOf({ value, tooLong }: InputEvent): { asked: Asked } | { fault: string } {
  if (tooLong !== undefined) return { fault: `${tooLong} bytes are too many` }
  try {
    const event: unknown = JSON.parse(asText(value))
    const normalised = normalise(event, TASK_TYPES, { recordId: '', timestamp: 0 })
    if ('faults' in normalised) return { fault: normalised.faults.join('; ') }
    const { id: _, asked_at: __, ...asked } = normalised.intake
    return { asked }
  } catch (error) {
    return { fault: `it is not JSON: ${reasonOf(error)}` }
  }
}

function refused(path: string, faults: readonly string[]): CaudalError {
  const more = faults.length > FAULTS_SHOWN ? [`and ${faults.length - FAULTS_SHOWN} more lines`] : []
  return new CaudalError('REJECTED', {
    reason: [`${path} cannot be a dataset:`, ...faults.slice(0, FAULTS_SHOWN), ...more].join('\n'),
  })
}
