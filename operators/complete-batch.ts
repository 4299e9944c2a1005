/** Counts the outcomes of a batch; the last one completes it, once. */
import { BatchCountAvro, BatchItemAvro, NoticeAvro, SeenAvro, WebhookAvro } from '#answers/codecs.ts'
import type { BatchCount, BatchRef, Notice } from '#answers/types.ts'
import type { Duration } from '#core/duration.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import type { Subscriptions } from '#webhooks/webhook.ts'
import { messagesFor } from './endpoints.ts'
import type { Notification } from './notification.ts'

export interface CompleteBatchOptions {
  /** Nobody is called when left out. */
  readonly subscriptions?: Subscriptions | undefined
}

/** A batch of which nothing was heard for so long is forgotten. */
const KEPT: Duration = '30d'

/**
 * Keyed by batch. A question that has a second outcome, since it was sent again, counts once.
 *
 * ```ts
 * items.process('complete-batch', completeBatch({ subscriptions })).on('notice').to(notices).on('webhook').to(webhooks)
 * ```
 */
export function completeBatch({ subscriptions }: CompleteBatchOptions) {
  return operator({
    name: 'complete-batch',
    input: BatchItemAvro,
    outputs: { notice: NoticeAvro, webhook: WebhookAvro },
    state: {
      seen: state.map(SeenAvro, { ttl: KEPT }),
      count: state.value(BatchCountAvro, { ttl: KEPT }),
    },
    async process({ value: { batch, task_id, is_delivered } }, ctx) {
      const { seen, count } = ctx.state
      if (seen.get(task_id)) return
      seen.set(task_id, { at: ctx.now })
      const before = count.get() ?? { delivered: 0, failed: 0 }
      // Of a batch that is sent again, the number of runs may differ. The first number counts, so the batch completes once.
      const runs = before.runs ?? batch.runs
      const now = is_delivered
        ? { ...before, runs, delivered: before.delivered + 1 }
        : { ...before, runs, failed: before.failed + 1 }
      count.set(now)
      if (now.delivered + now.failed !== runs) return
      const notification = notificationOf(batch, now, ctx)
      ctx.emit('notice', noticeOf(batch, notification))
      const callbacks = batch.callback === undefined ? [] : [batch.callback]
      const messages = await messagesFor(notification, { callbacks, withOwn: true }, subscriptions, ctx)
      for (const message of messages) ctx.emit('webhook', message)
    },
  })
}

/** Apart from the identities of questions, which callers may choose. */
const noticeId = ({ id }: BatchRef): string => `batch:${id}`

function notificationOf(
  batch: BatchRef,
  { delivered, failed, runs = batch.runs }: BatchCount,
  { id: recordId, now: at }: { readonly id: string; readonly now: number },
): Notification {
  const { id, organization_id: organization, accepted, rejected } = batch
  const data = JSON.stringify({ batch_id: id, accepted, rejected, runs, delivered, failed })
  return { recordId, event: 'batch.completed', taskId: id, taskType: '', organization, at, data }
}

const noticeOf = (batch: BatchRef, { at, data: detail }: Notification): Notice => ({
  ...{ id: noticeId(batch), task_type: '', organization_id: batch.organization_id },
  ...{ kind: 'batch_completed', at, detail },
})
