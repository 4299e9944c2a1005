/** `caudal webhook`: endpoints and what they have not taken, a call to try them, and what was given up sent again. */
import { replayReasoned } from '#admin/reasoned-replay.ts'
import { renewed, type Undelivered, undeliveredIn } from '#admin/webhooks.ts'
import { TOPICS } from '#answers/topics.ts'
import { CaudalError } from '#core/errors.ts'
import { silent } from '#core/loggers.ts'
import type { Subscriber } from '#webhooks/book.ts'
import { endpointName, urlFault, WebhookFailure } from '#webhooks/webhook.ts'
import { actorHere, reasonGiven, reasonOption } from '../actor.ts'
import { command, EXIT, type Surroundings } from '../command/command.ts'
import { configurationOf } from '../environment.ts'
import { newUuid } from '../secrets.ts'
import { count, table, things } from '../terminal/text-table.ts'
import { withLog } from '../tool.ts'
import { type OpenWebhooks, openWebhooks } from '../webhooks.ts'

const json = { type: 'boolean', description: 'one JSON object a line' } as const

export const webhookList = command({
  details: `Endpoints are those of WEBHOOKS_FILE, and callbacks of questions that were given up. An endpoint is shown without its
query, which may hold a secret.`,
  positionals: [],
  options: { json },
  examples: ['caudal webhook list', 'caudal webhook list --json | jq -r .endpoint'],
  run: context =>
    withLog(context, async tool => {
      const { book } = await opened(context)
      const rows = rowsOf(await book.all(), await undeliveredIn(tool))
      const columns = [
        { title: 'organisation' },
        { title: 'endpoint' },
        { title: 'events' },
        { title: 'undelivered', align: 'right' },
        { title: 'last reason', widthMax: 120 },
      ] as const
      const lines = context.options.json
        ? rows.map(row => JSON.stringify(row))
        : table(
            columns,
            rows.map(each => [
              each.organization,
              each.endpoint,
              each.events.join(','),
              count(each.undelivered),
              each.reason ?? '',
            ]),
          )
      for (const line of lines) context.stdout.write(`${line}\n`)
      return EXIT.ok
    }),
})

export const webhookTest = command({
  details: `Without a URL, all endpoints of the organisation are called. No topic is read or written, and nothing is repeated.`,
  positionals: ['[URL]'],
  options: {
    organisation: {
      type: 'string',
      value: 'NAME',
      description: 'whose secrets sign; questions of nobody when left out',
    },
    json,
  },
  examples: [
    'caudal webhook test --organisation acme',
    'caudal webhook test https://acme.example/hook --organisation acme',
  ],
  async run(context) {
    const { options, positionals, stdout } = context
    const hooks = await opened(context)
    const organization = options.organisation ?? ''
    const urls = await testedUrls(hooks, organization, positionals[0])
    let failed = 0
    for (const url of urls) {
      const tested = await tryEndpoint(hooks, { organization, url }, context)
      if ('reason' in tested) failed += 1
      stdout.write(`${options.json ? JSON.stringify(tested) : lineOf(tested)}\n`)
    }
    return failed > 0 ? EXIT.someFailed : EXIT.ok
  },
})

export const webhookReplay = command({
  details: `A message keeps its identity and its body. An ID is that of a message (webhook-id), of a question, or of a batch.
It is written to ${TOPICS.audit}.`,
  positionals: ['[ID...]'],
  options: {
    all: { type: 'boolean', description: 'everything that was given up' },
    json: { type: 'boolean', description: 'write the result as one JSON object' },
    reason: reasonOption,
  },
  examples: [`caudal webhook replay --all --reason 'their server is back'`, 'caudal webhook replay order-7'],
  run: context =>
    withLog(
      context,
      async tool => {
        const { positionals, options, stdout, stderr, system, signal } = context
        if (options.all === positionals.length > 0)
          throw new CaudalError('REJECTED', { reason: 'name the ids, or give --all' })
        const undelivered = await undeliveredIn(tool)
        const isChosen = ({ webhook }: Undelivered) =>
          options.all || positionals.includes(webhook.id) || positionals.includes(webhook.task_id)
        const chosen = undelivered.filter(isChosen)
        const now = system.now()
        const failures = chosen.map(each => renewed(each, tool, now))
        const { sent, leftOut } = await replayReasoned(tool, failures, {
          ...{ target: 'webhooks', why: reasonGiven(options.reason), actor: actorHere('webhook') },
          ...{ system, signal },
        })
        const ids = new Set(chosen.flatMap(({ webhook }) => [webhook.id, webhook.task_id]))
        const missing = positionals.filter(id => !ids.has(id))
        for (const id of missing) stderr.write(`no webhook of ${id} was given up, or it was sent again\n`)
        stdout.write(
          options.json
            ? `${JSON.stringify({ replayed: sent })}\n`
            : `${things(sent, 'webhook')} sent again\n`,
        )
        if (missing.length > 0) return EXIT.notFound
        return sent + leftOut < chosen.length ? EXIT.interrupted : EXIT.ok
      },
      { doing: 'changes' },
    ),
})

async function opened({ environment, system }: Surroundings): Promise<OpenWebhooks> {
  const hooks = await openWebhooks(configurationOf(environment), { system, logger: silent })
  if (!hooks)
    throw new CaudalError('CONFIGURATION_INVALID', {
      faults: 'WEBHOOKS_FILE is not set: it names the file of secrets and endpoints',
    })
  return hooks
}

interface EndpointRow {
  readonly organization: string
  readonly endpoint: string
  readonly events: readonly string[]
  readonly undelivered: number
  readonly reason?: string | undefined
}

function rowsOf(
  subscribers: readonly Subscriber[],
  undelivered: readonly Undelivered[],
): readonly EndpointRow[] {
  const rows = new Map<string, EndpointRow>()
  const put = (row: EndpointRow) => rows.set(JSON.stringify([row.organization, row.endpoint]), row)
  for (const { organization, endpoints } of subscribers)
    for (const { url, events } of endpoints)
      put({ organization, endpoint: endpointName(url), events, undelivered: 0 })
  for (const { webhook, reason } of undelivered) {
    const { organization_id: organization = '', url } = webhook
    const endpoint = endpointName(url)
    const known = rows.get(JSON.stringify([organization, endpoint]))
    const before = known ?? { organization, endpoint, events: ['callback'], undelivered: 0 }
    put({ ...before, undelivered: before.undelivered + 1, reason })
  }
  return [...rows.values()]
}

async function testedUrls(
  { book }: OpenWebhooks,
  organization: string,
  url: string | undefined,
): Promise<readonly string[]> {
  const fault = url && urlFault(url)
  if (fault) throw new CaudalError('REJECTED', { reason: `the URL ${fault}` })
  const subscriber = await book.of(organization)
  const urls = url ? [url] : (subscriber?.endpoints.map(each => each.url) ?? [])
  if (subscriber && urls.length > 0) return urls
  const name = organization === '' ? 'nobody (give --organisation)' : organization
  const lacks = subscriber ? 'no endpoint' : 'no secret'
  throw new CaudalError('REJECTED', { reason: `WEBHOOKS_FILE has ${lacks} of ${name}` })
}

type Tested = { readonly endpoint: string } & (
  | { readonly status: number; readonly latency_ms: number }
  | { readonly reason: string }
)

async function tryEndpoint(
  { caller }: OpenWebhooks,
  { organization, url }: { readonly organization: string; readonly url: string },
  { system, signal }: Surroundings,
): Promise<Tested> {
  const endpoint = endpointName(url)
  const timestamp = new Date(system.now()).toISOString()
  const body = JSON.stringify({ type: 'webhook.test', timestamp, data: {} })
  try {
    const taken = await caller.call({ id: `msg_test_${newUuid()}`, url, organization, body }, signal)
    return { endpoint, status: taken.status, latency_ms: taken.latencyMs }
  } catch (error) {
    if (!(error instanceof WebhookFailure)) throw error
    return { endpoint, reason: error.reason }
  }
}

const lineOf = (tested: Tested): string =>
  'reason' in tested
    ? `${tested.endpoint}: not taken: ${tested.reason}`
    : `${tested.endpoint}: taken with status ${tested.status} in ${tested.latency_ms} ms`
