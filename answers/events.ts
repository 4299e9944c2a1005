/** The shapes in which questions arrive, and how each becomes the normalised one. Every fault is named, not the first alone. */
import { beginning } from '#core/cut.ts'
import { MOMENT_MAX } from '#core/moment.ts'
import { fieldFaults, isLoose, type Loose, shownAsJson } from './fields.ts'
import type { TaskTypes } from './task-type.ts'
import type { Intake } from './types.ts'

/** Characters of a title or a text, counted as Unicode code points. */
export const TEXT_CHARACTERS_MAX = 10_000
/** Characters of a content, counted as Unicode code points. */
export const CONTENT_CHARACTERS_MAX = 100_000
const ID_CHARACTERS_MAX = 200
const HALF_A_CHARACTER = 'has half a character (a surrogate without the other one), which is no text'
const EXCERPT_CHARACTERS_MAX = 60
/** The task type of an event that names none. */
export const TASK_TYPE_DEFAULT = 'qa'

/** A question, or every fault of its event. */
export type Normalised = { readonly intake: Intake } | { readonly faults: readonly string[] }

/** What the record of an event supplies where the event says nothing. Times are milliseconds since the epoch. */
export interface Arrival {
  /** Identity of the record, for events that have none of their own. */
  readonly recordId: string
  readonly timestamp: number
}

/**
 * Three shapes:
 * - flat: `{ id?, user_id?, organization_id?, task_type?, title | text, content?, best_answer?, timestamp? }`
 * - envelope v1: `{ event_id, event_type, event_version: 'v1', timestamp, organization_id, actor, payload }` with a flat payload
 * - envelope v2: the same with the question in `payload.question`; a flat payload is still taken
 *
 * With both `title` and `text` and no `content`, `text` is taken as the content.
 */
export function normalise(event: unknown, taskTypes: TaskTypes, arrival: Arrival): Normalised {
  if (!isLoose(event)) return { faults: ['the event must be a JSON object'] }
  const faults: string[] = []
  const flat = isEnvelope(event) ? opened(event, faults) : event
  if (!flat) return { faults }
  const intake = questionOf(flat, taskTypes, arrival, faults)
  return faults.length > 0 ? { faults } : { intake }
}

/** On whose behalf an event comes, also one that is at fault otherwise; nothing where it does not say so as it should. */
export function organizationIn(event: unknown): string | undefined {
  if (!isLoose(event)) return undefined
  const { organization_id, payload } = event
  const inner = isEnvelope(event) && isLoose(payload) ? payload.organization_id : undefined
  return idOf(organization_id ?? inner, [], 'organization_id')
}

const isEnvelope = (event: Loose) => 'event_type' in event || 'event_version' in event || 'payload' in event

/** The envelope's own checks, and its content as a flat event. */
function opened(event: Loose, faults: string[]): Loose | undefined {
  faults.push(
    ...fieldFaults(event, {
      event_id: 'string',
      event_type: 'string',
      timestamp: 'string?',
      organization_id: 'string?',
      actor: 'object?',
      payload: 'object',
    }),
  )
  const { event_type, event_version, payload, actor } = event
  if (typeof event_type === 'string' && !/^[a-z0-9_-]+\.[a-z0-9_-]+\.[a-z0-9_-]+$/.test(event_type))
    faults.push(`event_type must be {service}.{entity}.{action}, not "${excerpt(event_type)}"`)
  if (event_version !== 'v1' && event_version !== 'v2')
    faults.push(`event_version must be v1 or v2, not ${excerpt(shownAsJson(event_version))}`)
  if (!isLoose(payload)) return undefined
  const nested = event_version === 'v2' && isLoose(payload.question) ? payload.question : {}
  const actorId = isLoose(actor) ? actor.user_id : undefined
  return {
    ...payload,
    ...nested,
    id: event.event_id,
    user_id: payload.user_id ?? actorId,
    organization_id: event.organization_id ?? payload.organization_id,
    timestamp: event.timestamp,
  }
}

function questionOf(flat: Loose, taskTypes: TaskTypes, arrival: Arrival, faults: string[]): Intake {
  const text = (name: string, charactersMax: number) => textOf(flat, name, charactersMax, faults)
  const titled = text('title', TEXT_CHARACTERS_MAX)
  const said = text('text', TEXT_CHARACTERS_MAX)
  const title = titled ?? said
  if (
    title === undefined &&
    !('title' in flat && flat.title !== null) &&
    !('text' in flat && flat.text !== null)
  )
    faults.push('title or text is missing')
  return {
    id: idOf(flat.id, faults) ?? arrival.recordId,
    task_type: taskTypeOf(flat.task_type, taskTypes, faults),
    title: title ?? '',
    content: optional(text('content', CONTENT_CHARACTERS_MAX)) ?? (titled === undefined ? undefined : said),
    best_answer: optional(text('best_answer', CONTENT_CHARACTERS_MAX)),
    user_id: idOf(flat.user_id, faults, 'user_id'),
    organization_id: idOf(flat.organization_id, faults, 'organization_id'),
    asked_at: timeOf(flat.timestamp, faults) ?? arrival.timestamp,
  }
}

/** Text without surrounding space; `undefined` when it is absent or at fault. Only title and text must say something. */
function textOf(flat: Loose, name: string, charactersMax: number, faults: string[]): string | undefined {
  const found = flat[name]
  if (found === undefined || found === null) return undefined
  if (typeof found !== 'string') {
    faults.push(`${name} must be text, not ${Array.isArray(found) ? 'a list' : typeof found}`)
    return undefined
  }
  if (!found.isWellFormed()) {
    faults.push(`${name} ${HALF_A_CHARACTER}`)
    return undefined
  }
  const trimmed = found.trim()
  const length = trimmed.length > charactersMax ? [...trimmed].length : trimmed.length
  if (length > charactersMax) {
    faults.push(`${name} has ${length} characters, at most ${charactersMax} are taken`)
    return undefined
  }
  if (trimmed === '' && (name === 'title' || name === 'text')) {
    faults.push(`${name} is empty`)
    return undefined
  }
  return trimmed
}

function idOf(found: unknown, faults: string[], name = 'id'): string | undefined {
  if (found === undefined || found === null || found === '') return undefined
  const id = typeof found === 'number' && Number.isSafeInteger(found) ? String(found) : found
  if (typeof id === 'string' && !id.isWellFormed()) {
    faults.push(`${name} ${HALF_A_CHARACTER}`)
    return undefined
  }
  if (typeof id === 'string' && id.length <= ID_CHARACTERS_MAX) return id
  faults.push(
    `${name} must be text of at most ${ID_CHARACTERS_MAX} characters, or a whole number up to ${Number.MAX_SAFE_INTEGER}; write a larger one as text`,
  )
  return undefined
}

function taskTypeOf(found: unknown, taskTypes: TaskTypes, faults: string[]): string {
  const name = found === undefined || found === null ? TASK_TYPE_DEFAULT : found
  if (typeof name !== 'string' || !/^[a-z_]+$/.test(name)) {
    faults.push(`task_type must match ^[a-z_]+$, not ${excerpt(shownAsJson(found))}`)
    return ''
  }
  if (!Object.hasOwn(taskTypes, name))
    faults.push(`task_type "${excerpt(name)}" is not known; known are ${Object.keys(taskTypes).join(', ')}`)
  return name
}

function timeOf(found: unknown, faults: string[]): number | undefined {
  if (found === undefined || found === null) return undefined
  const time = typeof found === 'string' ? Date.parse(found) : found
  if (typeof time === 'number' && time >= 0 && time <= MOMENT_MAX) return Math.trunc(time)
  faults.push(`timestamp must be an ISO 8601 date, not ${excerpt(shownAsJson(found))}`)
  return undefined
}

const optional = (text: string | undefined) => (text === '' ? undefined : text)
const excerpt = (text: string) =>
  beginning(text, EXCERPT_CHARACTERS_MAX) + (text.length > EXCERPT_CHARACTERS_MAX ? '...' : '')
