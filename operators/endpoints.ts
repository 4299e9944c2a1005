/** Which endpoints hear of something: the callback of who asked, and those of the organisation. */
import type { Webhook } from '#answers/types.ts'
import type { Logger } from '#core/loggers.ts'
import { endpointName, type Subscriptions, urlFault } from '#webhooks/webhook.ts'
import { type Notification, webhookOf } from './notification.ts'

export interface Endpoints {
  readonly callbacks: readonly string[]
  /** Whether those of the organisation hear of it as well. */
  readonly withOwn: boolean
}

/** A message for each, once where two are the same. None for an organisation without a secret, or where webhooks are off. */
export async function messagesFor(
  notification: Notification,
  { callbacks, withOwn }: Endpoints,
  subscriptions: Subscriptions | undefined,
  { now, log }: { readonly now: number; readonly log: Logger },
): Promise<readonly Webhook[]> {
  if (!subscriptions) return []
  const { organization = '', event } = notification
  const own = await subscriptions.endpointsOf(organization, event)
  if (!own) {
    if (callbacks.length > 0)
      log.warn('nobody is called back: the organisation has no secret to sign with', { organization })
    return []
  }
  return [...new Set([...callbacks, ...(withOwn ? own : [])])].flatMap(url => {
    const fault = urlFault(url)
    if (fault === undefined) return [webhookOf(notification, url, now)]
    log.warn('an endpoint is not called', { endpoint: endpointName(url), reason: fault })
    return []
  })
}
