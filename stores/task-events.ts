/** The events of the history, made from the records that tell of them: the same for the database and for a stream. */
import type { Delivered, Failed, Intake, Notice, Recording } from '#answers/types.ts'
import { EVENT_KINDS, type TaskEvent } from './history.ts'
import { organizationOf } from './organization.ts'

/** What an event says besides the record that names it. */
export type EventFacts = Omit<TaskEvent, 'recordId'>

/** A question was let in. */
export function acceptedEvent({ id, organization_id, asked_at, task_type, title }: Intake): EventFacts {
  return {
    taskId: id,
    organization: organizationOf(organization_id),
    taskType: task_type,
    at: asked_at,
    kind: 'accepted',
    rank: 0,
    detail: { task_type, title },
  }
}

/** Within one time the attempt decides, and within an attempt the order of its steps. */
const RANKS = { generated: 1, scored: 2, call_failed: 3, waiting: 4 } as const
const STEPS_OF_ATTEMPT = 10
/** After every attempt. */
const LAST = 1_000_000

/** A call was made, or its question waits. Events of one attempt are ranked by their step. */
export function callEvent({ id, organization_id, kind, at, messages, ...rest }: Recording): EventFacts {
  return {
    taskId: id,
    organization: organizationOf(organization_id),
    taskType: rest.task_type,
    at,
    kind: kind === 'generated' && rest.attempt > 1 ? 'regenerated' : kind,
    rank: rest.attempt * STEPS_OF_ATTEMPT + RANKS[kind],
    detail: { ...rest, ...(messages !== undefined && { messages: JSON.parse(messages) }) },
  }
}

/** A question was given up, or an event was no question. */
export function failedEvent({ id, request, organization_id, reason, faults, failed_at }: Failed): EventFacts {
  return {
    taskId: id,
    organization: organizationOf(request?.organization_id ?? organization_id),
    taskType: request?.task_type ?? '',
    at: failed_at,
    kind: 'failed',
    rank: LAST,
    detail: { reason, faults },
  }
}

/** An answer was delivered. */
export function deliveredEvent(delivered: Delivered): EventFacts {
  const { id, organization_id, task_type, delivered_at, answer, structured, scores, final } = delivered
  const { below_threshold, attempts, model, prompt_version, tokens_estimated } = delivered
  const { cost_usd, trace_id } = delivered
  return {
    taskId: id,
    organization: organizationOf(organization_id),
    taskType: task_type,
    at: delivered_at,
    kind: 'delivered',
    rank: LAST,
    detail: {
      ...{ answer, structured, scores, final, below_threshold, attempts, model },
      ...{ prompt_version, tokens_estimated, cost_usd: cost_usd ?? null, trace_id },
    },
  }
}

/** Behind the outcome, which it follows. */
const BEHIND = LAST + 1

/** An endpoint took a webhook, or a batch was completed. */
export function noticeEvent({ id, task_type, organization_id, kind, at, detail }: Notice): EventFacts {
  return {
    taskId: id,
    organization: organizationOf(organization_id),
    taskType: task_type,
    at,
    kind: EVENT_KINDS.find(known => known === kind) ?? 'webhook_delivered',
    rank: BEHIND,
    detail: JSON.parse(detail),
  }
}
