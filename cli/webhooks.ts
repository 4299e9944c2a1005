/** The webhooks that the settings name: the book of endpoints, and what calls them. */
import { lookup } from 'node:dns/promises'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import type { WebhooksOptions } from '#pipelines/webhook-stages.ts'
import { AddressRules } from '#webhooks/addresses.ts'
import { WebhookBook } from '#webhooks/book.ts'
import { bookRules } from '#webhooks/callback-rules.ts'
import { GatedCaller } from '#webhooks/gated-caller.ts'
import { HttpCaller } from '#webhooks/http-caller.ts'
import type { CallbackRules, WebhookCaller } from '#webhooks/webhook.ts'
import type { Configuration } from './configuration.ts'
import { keySource } from './keys-file.ts'

export interface OpenWebhooks {
  readonly book: WebhookBook
  /** Without breakers: for one call that a person asks for. */
  readonly caller: WebhookCaller
  readonly rules: CallbackRules
}

interface Options {
  readonly system: System
  readonly logger: Logger
}

export const hasWebhooks = ({ webhooksFile }: Configuration): boolean => webhooksFile !== ''

/** Nothing where they are off. Rejects with CONFIGURATION_INVALID where the file has faults. */
export async function openWebhooks(
  { webhooksFile, webhookAllow }: Configuration,
  { system, logger }: Options,
): Promise<OpenWebhooks | undefined> {
  if (webhooksFile === '') return undefined
  const book = new WebhookBook({ source: keySource(webhooksFile), system, logger })
  await book.start()
  const addresses = new AddressRules(webhookAllow)
  const secretsOf = (organization: string) => book.secretsOf(organization)
  const caller = new HttpCaller({ secretsOf, addresses, resolve, system })
  return { book, caller, rules: bookRules(book, addresses) }
}

/** For the graph of a pod. */
export async function podWebhooks(
  configuration: Configuration,
  options: Options,
): Promise<WebhooksOptions | undefined> {
  const opened = await openWebhooks(configuration, options)
  return opened && { subscriptions: opened.book, caller: new GatedCaller(opened.caller, options) }
}

/** For commands that only look at the graph: which stages there are depends on the settings alone. */
export const absentWebhooks = (configuration: Configuration): WebhooksOptions | undefined =>
  hasWebhooks(configuration)
    ? { subscriptions: { endpointsOf: absent }, caller: { call: absent } }
    : undefined

const absent = () => Promise.reject(new TypeError('a graph without webhooks was asked to call'))

/** As the machine resolves names. */
async function resolve(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true })
  return found.map(({ address }) => address)
}
