/** What has happened to a run so far, and how far it is. */

import { unlessAway } from '#core/unless-away.ts'
import type { EventKind, TaskEvent } from '#stores/history.ts'
import type { Call, Gateway } from '../operation.ts'
import { eventView } from './views.ts'

/**
 * What the database has, and what it will have in a moment: each event once, in order. Rejects with UNAVAILABLE while the
 * database is away, unless the feed has the run from its first event on.
 */
export async function eventsSoFar(
  { feed, history, runs }: Gateway,
  taskId: string,
  call: Call,
): Promise<readonly TaskEvent[]> {
  const { organization } = call.caller
  const run = runs.get(organization, taskId)
  const isWhole =
    (run !== undefined && feed.reachesBackTo(run.askedAt)) ||
    feed.recent(organization, taskId).some(({ kind }) => kind === 'accepted')
  const asking = history?.of(organization, taskId)
  const stored = (await (isWhole ? unlessAway(asking) : asking)) ?? []
  return inOrder([...stored, ...feed.recent(organization, taskId)])
}

/**
 * Each event once, in the order of cause and effect: clocks of pods differ. What happened after a failure was sent again and
 * stands behind the failure.
 */
export function inOrder(events: readonly TaskEvent[]): readonly TaskEvent[] {
  const each = [...new Map(events.map(event => [event.recordId, event])).values()]
  const failures = each.filter(({ kind }) => kind === 'failed')
  const roundOf = ({ at }: TaskEvent) => failures.filter(failure => failure.at < at).length
  return each.sort((a, b) => roundOf(a) - roundOf(b) || a.rank - b.rank || a.at - b.at)
}

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
