/** What has happened to a run so far, and how far it is. */

import { unlessAway } from '#core/unless-away.ts'
import type { EventKind, TaskEvent } from '#stores/history.ts'
import type { Call, Gateway } from '../operation.ts'
import { eventView } from './views.ts'

/** What the database has, and what it will have in a moment: each event once, in order. */
export async function eventsSoFar(
  { feed, history }: Gateway,
  taskId: string,
  call: Call,
): Promise<readonly TaskEvent[]> {
  const { organization } = call.caller
  const stored = (await unlessAway(history?.of(organization, taskId))) ?? []
  return inOrder([...stored, ...feed.recent(organization, taskId)])
}

/** Each event once. */
export const inOrder = (events: readonly TaskEvent[]): readonly TaskEvent[] =>
  [...new Map(events.map(event => [event.recordId, event])).values()].sort(
    (a, b) => a.at - b.at || a.rank - b.rank,
  )

/** By the event that came last, what is done now. */
const STATES = {
  accepted: 'generating',
  generated: 'scoring',
  regenerated: 'scoring',
  /** Missed its threshold, unless `PASSED` says more. It may be delivered all the same: as the best of the last attempt. */
  scored: 'regenerating',
  call_failed: 'waiting',
  waiting: 'waiting',
  delivered: 'delivered',
  failed: 'failed',
} as const satisfies Record<Exclude<EventKind, FollowUp>, string>

/** What happens behind the outcome, and changes nothing about it. */
type FollowUp = 'webhook_delivered' | 'batch_completed'
const isFollowUp = (kind: EventKind): kind is FollowUp =>
  kind === 'webhook_delivered' || kind === 'batch_completed'

/** The last event that says how far the run is. */
export const lastStep = (events: readonly TaskEvent[]): TaskEvent | undefined =>
  events.findLast(({ kind }) => !isFollowUp(kind))

/** What came of the run, as far as is known. A failure that was sent again since is none. */
export function outcomeIn(events: readonly TaskEvent[]): TaskEvent | undefined {
  const last = lastStep(events)
  return events.findLast(({ kind }) => kind === 'delivered') ?? (last?.kind === 'failed' ? last : undefined)
}

/** After a verdict that reached its threshold. */
const PASSED = 'delivering'

/** After the last event of a run, where one is known. */
export function stateAfter(last: TaskEvent | undefined): string {
  if (!last || isFollowUp(last.kind)) return 'accepted'
  return hasPassed(last) ? PASSED : STATES[last.kind]
}

function hasPassed({ kind, detail }: TaskEvent): boolean {
  const { final, threshold }: { readonly final?: unknown; readonly threshold?: unknown } = detail
  return kind === 'scored' && typeof final === 'number' && typeof threshold === 'number' && final >= threshold
}

export const OPEN_STATES = [...new Set(['accepted', ...Object.values(STATES), PASSED])]

/** Of a run without an outcome. */
export function progressView(events: readonly TaskEvent[]): object {
  const last = lastStep(events)
  const attempts = events.filter(({ kind }) => kind !== 'accepted' && !isFollowUp(kind))
  return {
    state: stateAfter(last),
    ...(attempts.length > 0 && { attempts: attempts.map(eventView) }),
  }
}
