/**
 * The port of the history: what happened to each question. One suite (test/conformance/history-store.ts) runs on every
 * adapter. A call rejects with `Unavailable` (code UNAVAILABLE) while the database is away.
 */
import type { Organization } from './organization.ts'

/** A row of the table `task_event`. */
export interface TaskEvent {
  /** Identity of the record that tells of it: the event's own. */
  readonly recordId: string
  readonly organization: Organization
  /** Identity of the run. */
  readonly taskId: string
  readonly taskType: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Orders events of one run and one time. */
  readonly rank: number
  readonly kind: EventKind
  /** Becomes JSON. */
  readonly detail: object
}

/** What can happen to a question. */
export const EVENT_KINDS = [
  'accepted',
  'generated',
  'regenerated',
  'scored',
  'call_failed',
  'waiting',
  'delivered',
  'failed',
] as const

export type EventKind = (typeof EVENT_KINDS)[number]

export interface HistoryStore {
  /** Writes events of any organisations. To write one again changes nothing. */
  append(events: readonly TaskEvent[]): Promise<void>
  /** All events of one run, in order. */
  of(organization: Organization, taskId: string): Promise<readonly TaskEvent[]>
}
