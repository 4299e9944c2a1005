/**
 * Outcomes of questions in; out go a message for each endpoint that wants to hear of one, and a note for each batch.
 *
 * Who asks a question names an endpoint or a batch in headers of its event, which the outcome has too. Who joins a question
 * under way is a record of its own, a follower. It may be read before the outcome or behind it. So followers are kept until
 * the outcome comes, and the outcome is kept for a while for followers that are read later.
 */
import { hash } from 'node:crypto'
import { BATCH_HEADER, batchIn } from '#answers/batch-ref.ts'
import {
  BatchItemAvro,
  DeliveredAvro,
  FailedAvro,
  FollowerAvro,
  KeptOutcomeAvro,
  WebhookAvro,
} from '#answers/codecs.ts'
import type { BatchRef, Delivered, Failed, Follower, KeptOutcome } from '#answers/types.ts'
import type { Duration } from '#core/duration.ts'
import { operator } from '#core/operator.ts'
import { type MapHandle, state } from '#core/state.ts'
import { CALLBACK_HEADER, type Subscriptions } from '#webhooks/webhook.ts'
import { messagesFor } from './endpoints.ts'
import { deliveredData, failedData, type Notification } from './notification.ts'

export interface NotifyOptions {
  /** Nobody is called when left out; batches are counted all the same. */
  readonly subscriptions?: Subscriptions | undefined
}

/** As long as a batch waits for its questions. Who joined one that takes longer does not hear of it. */
const FOLLOWERS_KEPT: Duration = '30d'
/** Longer than a follower may be read behind the outcome that it was written before. */
const OUTCOME_KEPT: Duration = '15m'

/**
 * ```ts
 * p.process('notify', notify({ subscriptions }), { delivered: processed, failed, follower: followers })
 *   .on('webhook').to(webhooks).on('item').to(items)
 * ```
 */
export function notify({ subscriptions }: NotifyOptions) {
  const isSent = subscriptions !== undefined
  return operator({
    name: 'notify',
    inputs: { delivered: DeliveredAvro, failed: FailedAvro, follower: FollowerAvro },
    outputs: { webhook: WebhookAvro, item: BatchItemAvro },
    state: {
      followers: state.map(FollowerAvro, { ttl: FOLLOWERS_KEPT }),
      outcome: state.value(KeptOutcomeAvro, { ttl: OUTCOME_KEPT }),
    },
    async process(record, ctx) {
      const { followers, outcome } = ctx.state
      const { id } = record.value
      const known = outcome.get()
      if (record.input === 'follower' && !known) return followers.set(nameOf(record.value), record.value)
      const kept = record.input === 'follower' && known ? known : keptOf(record, ctx.id, isSent)
      if (!kept) return
      if (record.input !== 'follower') outcome.set(kept)
      const who =
        record.input === 'follower' ? [record.value] : [askerOf(id, ctx.headers), ...taken(followers)]
      const callbacks = who.flatMap(({ callback }) => callback ?? [])
      const audience = { callbacks, withOwn: record.input !== 'follower' }
      const messages = await messagesFor(notificationOf(id, kept), audience, subscriptions, ctx)
      for (const message of messages) ctx.emit('webhook', message)
      for (const { batch } of who) if (batch) ctx.emit('item', itemOf(id, kept, batch))
    },
  })
}

/** Who asked the question, by the headers of its event. */
const askerOf = (id: string, headers: { get(name: string): string | undefined }): Follower => ({
  id,
  callback: headers.get(CALLBACK_HEADER),
  batch: batchIn(headers.get(BATCH_HEADER)),
})

/** All of them, who then follow no more. */
function taken(followers: MapHandle<Follower>): readonly Follower[] {
  const entries = [...followers.entries()]
  for (const [name] of entries) followers.delete(name)
  return entries.map(([, follower]) => follower)
}

/** Who comes twice is one. */
const nameOf = ({ callback, batch }: Follower): string =>
  hash('sha256', batch ? `batch ${batch.id}` : `callback ${callback ?? ''}`)

type Outcome =
  | { readonly input: 'delivered'; readonly value: Delivered }
  | { readonly input: 'failed'; readonly value: Failed }
  | { readonly input: 'follower'; readonly value: Follower }

/** Nothing of what is no outcome. */
function keptOf(outcome: Outcome, recordId: string, isSent: boolean): KeptOutcome | undefined {
  if (outcome.input === 'follower') return undefined
  const json = (data: object) => (isSent ? JSON.stringify(data) : '')
  if (outcome.input === 'delivered') {
    const { task_type, organization_id, delivered_at: at } = outcome.value
    const data = json(deliveredData(outcome.value))
    return { record_id: recordId, event: 'answer.delivered', task_type, organization_id, at, data }
  }
  const { request, failed_at: at } = outcome.value
  const { task_type = '', organization_id = outcome.value.organization_id } = request ?? {}
  const data = json(failedData(outcome.value))
  return { record_id: recordId, event: 'answer.failed', task_type, organization_id, at, data }
}

const notificationOf = (taskId: string, kept: KeptOutcome): Notification => ({
  recordId: kept.record_id,
  event: isDelivered(kept) ? 'answer.delivered' : 'answer.failed',
  taskId,
  taskType: kept.task_type,
  organization: kept.organization_id,
  at: kept.at,
  data: kept.data,
})

const isDelivered = ({ event }: KeptOutcome): boolean => event === 'answer.delivered'

const itemOf = (taskId: string, kept: KeptOutcome, batch: BatchRef) => ({
  id: batch.id,
  batch,
  task_id: taskId,
  is_delivered: isDelivered(kept),
})
