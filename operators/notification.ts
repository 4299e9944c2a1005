/** What an endpoint is sent about a question: the body as Standard Webhooks recommends it, with the fields of the gateway. */
import { hash } from 'node:crypto'
import { questionHash } from '#answers/question-hash.ts'
import type { Delivered, Failed, Webhook } from '#answers/types.ts'
import type { WebhookEvent } from '#webhooks/webhook.ts'

/** One thing that happened, for each endpoint that wants to hear of it. */
export interface Notification {
  /** Identity of the record that brought it. */
  readonly recordId: string
  readonly event: WebhookEvent
  /** A question, or a batch. */
  readonly taskId: string
  readonly taskType: string
  readonly organization: string | undefined
  readonly at: number
  /** JSON. */
  readonly data: string
}

export function deliveredData(delivered: Delivered): object {
  const { id, task_type, title, answer, structured, scores, final, below_threshold } = delivered
  const { model, prompt_version, attempts, error_attempts, quality_attempts } = delivered
  const { tokens_prompt, tokens_completion, cost_usd, asked_at, delivered_at, trace_id } = delivered
  return {
    ...{ id: questionHash(delivered), task_id: id, task_type, title, state: 'delivered', answer },
    ...(structured !== undefined && { structured: JSON.parse(structured) }),
    ...{ final, scores, below_threshold, model, prompt_version, attempts },
    ...{ error_attempts, quality_attempts, tokens_prompt, tokens_completion },
    ...{ cost_usd: cost_usd ?? null, asked_at: iso(asked_at), delivered_at: iso(delivered_at), trace_id },
  }
}

export function failedData({ id, reason, faults, failed_at, request }: Failed): object {
  const question = request && {
    id: questionHash(request),
    task_type: request.task_type,
    title: request.title,
    asked_at: iso(request.asked_at),
  }
  return { ...question, task_id: id, state: 'failed', reason, faults, failed_at: iso(failed_at) }
}

/**
 * The message for one endpoint. Its identity comes from the record that brought the outcome, so that a record that runs
 * again makes the same message. No caller has chosen it, and it has no dot.
 */
export function webhookOf(notification: Notification, url: string, now: number): Webhook {
  const { recordId, event, taskId, taskType, organization, at, data } = notification
  return {
    id: `msg_${hash('sha256', JSON.stringify([recordId, event, url]), 'base64url').slice(0, ID_CHARACTERS)}`,
    task_id: taskId,
    task_type: taskType,
    organization_id: organization,
    event,
    url,
    body: `{"type":${JSON.stringify(event)},"timestamp":${JSON.stringify(iso(at))},"data":${data}}`,
    created_at: now,
    attempts: 0,
    parked: 0,
  }
}

const ID_CHARACTERS = 27

const iso = (time: number): string => new Date(time).toISOString()
