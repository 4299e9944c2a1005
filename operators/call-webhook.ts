/** Calls an endpoint with its message until the endpoint has taken it, for about a day. */
import { hash } from 'node:crypto'
import { NoticeAvro, WebhookAvro, WebhookCallAvro } from '#answers/codecs.ts'
import type { Notice, Webhook, WebhookCall } from '#answers/types.ts'
import { publish } from '#core/diagnostics.ts'
import { type Duration, durationMs } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'
import { operator } from '#core/operator.ts'
import { endpointName, hostOf, type WebhookCaller, WebhookFailure } from '#webhooks/webhook.ts'

export interface CallWebhookOptions {
  readonly caller: WebhookCaller
  /** Between the attempts, one after another; behind the last there is none. */
  readonly waits?: readonly Duration[]
}

/** Together about a day. */
const WAITS: readonly Duration[] = ['5s', '1m', '5m', '30m', '2h', '5h', '8h', '8h']
/** A message that could not even be tried for so long is given up. */
const AGE_MAX_MS = 3 * 86_400_000
const PARKED = { firstMs: 5_000, maxMs: 60_000, everyNth: 4 } as const
const JITTER = 0.1
const CALLS_IN_FLIGHT_MAX = 1_000
/** A call ends by itself after 10 s. */
const TIMEOUT: Duration = '30s'

/**
 * The call is a durable step: once it is journaled, no crash makes it again. A crash before that repeats it, and the message
 * then has the same identity. A message that no attempt has brought becomes a dead letter, never a failed question.
 *
 * ```ts
 * webhooks.process('call-webhook', callWebhook({ caller }), { endsBecause })
 *   .on('again').delay({ tiers }).to(webhooks).on('noted').to(notices)
 * ```
 */
export function callWebhook({ caller, waits = WAITS }: CallWebhookOptions) {
  const waitsMs = waits.map(durationMs)
  return operator({
    name: 'call-webhook',
    input: WebhookAvro,
    outputs: { again: WebhookAvro, noted: NoticeAvro },
    steps: { call: WebhookCallAvro },
    limits: { inFlightMax: CALLS_IN_FLIGHT_MAX, timeout: TIMEOUT },
    async process({ value: webhook }, ctx) {
      const { id, url, organization_id, body } = webhook
      try {
        const call = await ctx.step('call', async ({ signal }) => {
          const message = { id, url, organization: organization_id ?? '', body }
          const { status, at, latencyMs } = await caller.call(message, signal)
          return { status, at, latency_ms: latencyMs }
        })
        ctx.emit('noted', noticeOf(webhook, call))
        tell(webhook, 'delivered')
      } catch (error) {
        if (!(error instanceof WebhookFailure)) throw error
        const next = afterFailure(webhook, error, { now: ctx.now, waitsMs })
        if (!next) throw undelivered(webhook, error)
        ctx.log.info('a webhook is sent again', { endpoint: endpointName(url), reason: error.reason })
        ctx.emit('again', next.webhook, { notBefore: next.notBefore })
        tell(webhook, error.isParked ? 'parked' : 'again')
      }
    },
  })
}

function noticeOf(webhook: Webhook, { status, at, latency_ms }: WebhookCall): Notice {
  const { id, task_id, task_type, organization_id, event, url, attempts } = webhook
  const detail = { webhook_id: id, event, endpoint: endpointName(url), status, latency_ms }
  return {
    ...{ id: task_id, task_type, organization_id, kind: 'webhook_delivered', at },
    detail: JSON.stringify({ ...detail, attempts: attempts + 1 }),
  }
}

interface Next {
  readonly webhook: Webhook
  readonly notBefore: number
}

/** Nothing when no attempt is left. */
function afterFailure(
  webhook: Webhook,
  { isParked, retryAfterMs = 0 }: WebhookFailure,
  { now, waitsMs }: { readonly now: number; readonly waitsMs: readonly number[] },
): Next | undefined {
  if (now - webhook.created_at >= AGE_MAX_MS) return undefined
  const { attempts, parked } = webhook
  const next = isParked ? { ...webhook, parked: parked + 1 } : { ...webhook, attempts: attempts + 1 }
  const ownMs = isParked ? parkedMs(parked) : waitsMs[attempts]
  if (ownMs === undefined) return undefined
  const waitMs = Math.max(ownMs, retryAfterMs)
  return { webhook: next, notBefore: now + Math.ceil(waitMs * (1 + JITTER * share(next))) }
}

/** Longer the longer it lasts, so that a long outage writes ever less often. */
const parkedMs = (parked: number): number =>
  Math.min(PARKED.maxMs, PARKED.firstMs * (1 + Math.floor(parked / PARKED.everyNth)))

/** From the message and its attempt: messages that failed together do not return together, and a second run decides the same. */
const share = ({ id, attempts, parked }: Webhook): number =>
  hash('sha256', `${id} ${attempts} ${parked}`, 'buffer').readUInt32BE(0) / 2 ** 32

function undelivered(webhook: Webhook, failure: WebhookFailure): CaudalError {
  const { id, url, attempts } = webhook
  tell(webhook, 'undelivered')
  return new CaudalError(
    'WEBHOOK_UNDELIVERED',
    {
      id,
      endpoint: endpointName(url),
      attempts: attempts + (failure.isParked ? 0 : 1),
      reason: failure.reason,
    },
    failure,
  )
}

function tell({ url }: Webhook, outcome: 'delivered' | 'again' | 'parked' | 'undelivered'): void {
  publish('caudal:webhook:called', { host: hostOf(url), outcome })
}
