/** Events as rows of `task_event`, in whatever database. */
import { type CostRow, EVENT_KINDS, type TaskEvent } from './history.ts'
import { organizationOf } from './organization.ts'

/** The columns of the table `task_event`, in the order of a statement. */
export const EVENT_COLUMNS = [
  'record_id',
  'organization_id',
  'task_id',
  'task_type',
  'at',
  'rank',
  'kind',
  'detail',
] as const

type EventRow = Readonly<Record<(typeof EVENT_COLUMNS)[number], string | number>>

/** No database takes a character of code 0, nor half a character; in JSON both are escapes. */
const clean = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd')
const cleanJson = (value: object): string =>
  JSON.stringify(value, (_, found) => (typeof found === 'string' ? clean(found) : found))

/** The row of an event. Texts lose what no database takes: half a character, and a character of code 0. */
export const eventRow = (event: TaskEvent): EventRow => ({
  record_id: event.recordId,
  organization_id: clean(event.organization),
  task_id: clean(event.taskId),
  task_type: event.taskType,
  at: event.at,
  rank: event.rank,
  kind: event.kind,
  detail: cleanJson(event.detail),
})

/** Of what a statement gives, which selects all columns, the detail as text. */
export function eventOf(row: Readonly<Record<string, unknown>>): TaskEvent {
  return {
    recordId: String(row.record_id),
    organization: organizationOf(String(row.organization_id)),
    taskId: String(row.task_id),
    taskType: String(row.task_type),
    at: Number(row.at),
    rank: Number(row.rank),
    kind: EVENT_KINDS.find(kind => kind === row.kind) ?? 'waiting',
    detail: JSON.parse(String(row.detail)),
  }
}

/** A row of costs as the port gives it, from whatever a driver returns. */
export const costOf = (row: Readonly<Record<string, unknown>>): CostRow => ({
  key: String(row.key),
  calls: Number(row.calls),
  tokens: Number(row.tokens),
  usd: Number(row.usd),
  unpriced: Number(row.unpriced),
  usdUndelivered: Number(row.usd_undelivered),
})
