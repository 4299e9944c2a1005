/** The part of the graph behind the outcomes: who hears of one, when a batch is complete, and the calls of endpoints. */
import { BatchItemAvro, FollowerAvro, NoticeAvro, WebhookAvro } from '#answers/codecs.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Delivered, Failed, Notice, Webhook } from '#answers/types.ts'
import type { Duration } from '#core/duration.ts'
import { callWebhook } from '#operators/call-webhook.ts'
import { completeBatch } from '#operators/complete-batch.ts'
import { notify } from '#operators/notify.ts'
import type { TopologyBuilder } from '#topology/builder.ts'
import type { Edge, Stream, Topic } from '#topology/handles.ts'
import type { Subscriptions, WebhookCaller } from '#webhooks/webhook.ts'

/** Who is called with what becomes of questions, and how. */
export interface WebhooksOptions {
  readonly subscriptions: Subscriptions
  readonly caller: WebhookCaller
  /** Between the attempts, one after another; about a day together when left out. */
  readonly waits?: readonly Duration[]
}

/** Both outcomes of questions. */
export interface Outcomes {
  readonly delivered: Stream<Delivered>
  readonly failed: Stream<Failed>
}

export interface NotifyingOptions {
  /** Nobody is called when left out. */
  readonly webhooks: WebhooksOptions | undefined
  readonly keyed: { readonly key: (value: { readonly id: string }) => string; readonly partitions?: number }
  readonly delay: { readonly tiers: readonly Duration[] }
}

/**
 *   datos_procesados, llm.failed, llm.followers -> notify -> llm.batch-items -> complete-batch -> llm.notices
 *                                                    |                               |               ^
 *                                                    +-------> llm.webhooks <--------+               |
 *                                                              ^     |                               |
 *                                                       delay -+     +-----> call-webhook -----------+
 */
export function notifying(
  p: TopologyBuilder,
  outcomes: Outcomes,
  { webhooks, keyed, delay }: NotifyingOptions,
): Topic<Notice> {
  const messages = webhooks && p.topic(TOPICS.webhooks, { value: WebhookAvro, ...keyed })
  const followers = p.topic(TOPICS.followers, { value: FollowerAvro, ...keyed })
  const items = p.topic(TOPICS.batchItems, { value: BatchItemAvro, ...keyed })
  const notices = p.topic(TOPICS.notices, { value: NoticeAvro, ...keyed })
  const subscriptions = webhooks?.subscriptions
  const notified = p.process('notify', notify({ subscriptions }), { ...outcomes, follower: followers })
  notified.on('item').to(items)
  into(messages, notified.on('webhook'))
  const completed = items.process('complete-batch', completeBatch({ subscriptions }))
  completed.on('notice').to(notices)
  into(messages, completed.on('webhook'))
  if (webhooks && messages) {
    const { caller, waits } = webhooks
    const endsBecause = 'each passage spends an attempt or a wait, and the age of a message limits both'
    const called = messages.process('call-webhook', callWebhook({ caller, ...(waits && { waits }) }), {
      endsBecause,
    })
    called.on('again').delay(delay).to(messages).on('noted').to(notices)
  }
  return notices
}

function into(messages: Topic<Webhook> | undefined, edge: Edge<Webhook, unknown>): void {
  if (messages) edge.to(messages)
  else edge.discard()
}
