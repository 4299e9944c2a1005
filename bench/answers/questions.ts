/** Questions to ask: of a file of one's own (QUESTIONS), or the sample that comes with the project. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { normalise } from '#answers/events.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'

export interface Question {
  readonly id: string
  readonly event: Readonly<Record<string, unknown>>
}

const SAMPLE = fileURLToPath(new URL('../../pipelines/sample/questions.ndjson', import.meta.url))
const FROM = process.env.QUESTIONS || SAMPLE

type Event = Readonly<Record<string, unknown>>
let known: readonly (readonly [id: string, event: Event])[] | undefined

/**
 * The valid questions of the file, each once, without the first `from`. If `count` is larger, they are asked again under other
 * ids. Without `count`, all of them.
 */
export function questions(count?: number, from = 0): readonly Question[] {
  known ??= [...eventsOf(FROM)]
  const all = known
  return Array.from({ length: (count ?? all.length) - from }, (_, place) => {
    const index = from + place
    const [id = '', event = {}] = all[index % all.length] ?? []
    const round = Math.floor(index / all.length)
    const again = round === 0 ? id : `${id}.${round}`
    // The id of an event in an envelope is the id of the envelope.
    return { id: again, event: { ...event, ['event_id' in event ? 'event_id' : 'id']: again } }
  })
}

function eventsOf(path: string): ReadonlyMap<string, Event> {
  const events = new Map<string, Event>()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const event = eventOf(line)
    if (event) events.set(String(event.id), event)
  }
  return events
}

function eventOf(line: string): Record<string, unknown> | undefined {
  if (line.trim() === '') return undefined
  try {
    const event: Record<string, unknown> = JSON.parse(line)
    const recordId = createHash('sha256').update(line).digest('hex').slice(0, 16)
    const normalised = normalise(event, TASK_TYPES, { recordId, timestamp: 0 })
    return 'intake' in normalised ? { ...event, id: normalised.intake.id } : undefined
  } catch (error) {
    // The sample has lines that are no JSON on purpose.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
