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
  'webhook_delivered',
  'batch_completed',
] as const

/** One of the kinds of events. */
export type EventKind = (typeof EVENT_KINDS)[number]

/** The port of what happened to each question. */
export interface HistoryStore {
  /** Writes events of any organisations. To write one again changes nothing. */
  append(events: readonly TaskEvent[]): Promise<void>
  /** All events of one run, in order. */
  of(organization: Organization, taskId: string): Promise<readonly TaskEvent[]>
  /** The first event of each run: that it was let in, or refused. The newest first. */
  firsts(wanted: RunsWanted): Promise<readonly TaskEvent[]>
  /** All events of these runs in order, without texts of models, which are long. */
  ofRuns(runs: readonly RunPlace[]): Promise<readonly TaskEvent[]>
  /** What calls cost; the dearest key first. */
  costs(wanted: CostsWanted): Promise<readonly CostRow[]>
}

/** What asks for runs of questions, the newest first. */
export interface RunsWanted {
  readonly limit: number
  /** Of any when left out. */
  readonly organization?: Organization | undefined
  readonly taskType?: string | undefined
  /** Occurs in the question, in whatever case, or is the identity of the run. */
  readonly text?: string | undefined
  /** Asked at this time or later, and before; milliseconds since the epoch. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Goes on after this event, the last one of a page. */
  readonly after?: Pick<TaskEvent, 'at' | 'recordId'> | undefined
}

/** Which run of which organisation. */
export type RunPlace = Pick<TaskEvent, 'organization' | 'taskId'>

/** What costs may be added up by. */
export const COST_KEYS = ['organization', 'task_type', 'model', 'prompt_version', 'attempt'] as const
/** One of the keys of costs. */
export type CostKey = (typeof COST_KEYS)[number]

/** Which costs are added up: by which key, and of which time. */
export interface CostsWanted {
  readonly by: CostKey
  /** Of any when left out. */
  readonly organization?: Organization | undefined
  /** Milliseconds since the epoch; the end is not part of it. */
  readonly from: number
  readonly to: number
}

/** The calls of one key, and what they cost. */
export interface CostRow {
  /** Empty where an event has none. */
  readonly key: string
  readonly calls: number
  readonly tokens: number
  /** Of the calls whose price is known. */
  readonly usd: number
  /** Calls whose price is not known: what they cost is in no sum. */
  readonly unpriced: number
  /** Part of `usd`: calls that brought nothing of use, and all calls of runs that failed. */
  readonly usdUndelivered: number
}
