/** Opens the model that the settings name: a chain of providers, each behind its gate, or the simulated one. */
import { answerTo } from '#answers/simulated/answers.ts'
import { metered, UsageLedger } from '#answers/usage.ts'
import { durationText } from '#core/duration.ts'
import { redactor, secretsOfAddress } from '#core/secrets.ts'
import { fallback } from '#models/fallback.ts'
import { type LimitFigures, limited } from '#models/limits.ts'
import type { Model } from '#models/model.ts'
import { openAi } from '#models/openai.ts'
import { readable } from '#models/readable.ts'
import type { Profile } from '#models/simulated/profile.ts'
import { startModelServer } from '#models/simulated/server.ts'
import { Closers } from './command/closers.ts'
import type { Configuration } from './configuration.ts'
import type { PartOptions } from './parts.ts'
import { type Endpoint, isSimulated, OPENAI_URL, providerOptions, SIMULATED } from './provider.ts'
import { entered } from './purchases.ts'
import { pricesOf } from './topology.ts'

export interface OpenModel {
  readonly model: Model
  /** Who answers, for people. */
  readonly description: string
  /** Which providers are called no more for now, and why; a line each, for people. */
  troubles(): readonly string[]
  /** Why none of the providers can be used until a person has acted; empty while one can, or may again by itself. */
  setupFaults(): readonly string[]
  /** The gate before each provider. */
  readonly providers: readonly OpenProvider[]
  close(): Promise<void>
}

export interface OpenProvider {
  readonly name: string
  figures(): LimitFigures
}

export interface ModelOptions extends PartOptions {
  readonly onBought: (requestId: string) => void
}

/** How the simulated model behaves by default: lively, with some of each fault, and never for long. */
export const DEMO_PROFILE: Partial<Profile> = {
  latency: { kind: 'lognormal', medianMs: 400, sigma: 0.4 },
  rateLimited: 0.05,
  failing: 0.03,
  malformed: 0.02,
  retryAfterMs: 500,
}

/** What is bought twice is counted by the ledger; the model itself needs no longer memory than its callers' retries. */
const DEMO_SERVER = { profile: DEMO_PROFILE, requestIdsMax: 50_000 }

/** With neither key nor address, a simulated model answers over real HTTP on the loopback interface. */
export async function openModel(configuration: Configuration, options: ModelOptions): Promise<OpenModel> {
  const { system, logger, onBought } = options
  const usage = usageOf(configuration, options)
  await using opened = new Closers()
  const server = isSimulated(configuration)
    ? await startModelServer({ ...DEMO_SERVER, answerTo, system, onPurchase: onBought })
    : undefined
  opened.defer(() => server?.close())
  const chain = chainOf(configuration, server?.url)
  const clients = chain.map(each => {
    const client = openAi(providerOptions(configuration, each), system)
    opened.defer(() => client.close())
    return client
  })
  const gates = gatesOf(configuration, options, chain, clients)
  const [first, ...others] = gates
  if (!first) throw new TypeError('a chain of providers has at least one')
  const read = readable(metered(fallback(first, ...others), usage), { logger }, system)
  const providers = gates.map((gate, index) => ({
    name: shown(chain[index]?.baseUrl ?? ''),
    figures: () => gate.figures(),
  }))
  const parts = opened.move()
  return {
    model: server ? read : entered(read, onBought),
    description: server
      ? `simulated model at ${server.url}: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set, no call costs anything`
      : chain.map(each => `${each.model} at ${each.baseUrl}`).join(', then '),
    providers,
    setupFaults: () => setupFaultsOf(providers, read.heldBy()),
    troubles: () => [...troublesOf(providers), ...[read.heldBy() ?? []].flat()],
    close: () => parts[Symbol.asyncDispose](),
  }
}

/** What the calls cost. Throws CONFIGURATION_INVALID where the prices that are named cannot be read. */
const usageOf = (configuration: Configuration, { logger }: ModelOptions): UsageLedger =>
  new UsageLedger(pricesOf(configuration), unpriced =>
    logger.warn(
      'the price of a model is unknown: its cost is not counted, so cost limits do not apply to it',
      {
        model: unpriced,
        remedy: 'name its price in a file, and the file in LLM_PRICES',
      },
    ),
  )

/** The endpoints in the order in which they are asked. */
function chainOf(configuration: Configuration, simulatedUrl: string | undefined): readonly Endpoint[] {
  const { openAiBaseUrl, openAiApiKey, fallbackBaseUrl, fallbackApiKey, fallbackModel } = configuration
  const model = configuration.model || (simulatedUrl ? SIMULATED : 'gpt-4o-mini')
  const first = { baseUrl: simulatedUrl ?? (openAiBaseUrl || OPENAI_URL), apiKey: openAiApiKey, model }
  if (fallbackBaseUrl === '') return [first]
  return [first, { baseUrl: fallbackBaseUrl, apiKey: fallbackApiKey, model: fallbackModel || model }]
}

/** The name of a provider in figures, reports and metrics: its address, which may carry a password or a key. */
const shown = (address: string): string => redactor(secretsOfAddress(address))(address)

/** A gate before each endpoint. All but the last are passed over at once if they have no room. */
function gatesOf(
  { inFlightMax }: Configuration,
  { system, logger }: ModelOptions,
  chain: readonly Endpoint[],
  clients: readonly Model[],
) {
  return clients.map((client, index) => {
    const waits = index < clients.length - 1 ? { waitMaxMs: 0 } : {}
    const { baseUrl = '', model } = chain[index] ?? {}
    return limited(client, { name: shown(baseUrl), model, inFlightMax, logger, ...waits }, system)
  })
}

/** Faults that only a person can correct. Empty while one of the providers can be used, or may recover by itself. */
function setupFaultsOf(providers: readonly OpenProvider[], heldBy: string | undefined): readonly string[] {
  if (heldBy !== undefined) return [`no call is made, since ${heldBy}`]
  const found = providers.map(({ name, figures }) => ({ name, ...figures() }))
  const isHopeless = found.every(({ needsPerson }) => needsPerson)
  return isHopeless
    ? found.map(({ name, breakerReason }) => `every call is refused by ${name}: ${breakerReason}`)
    : []
}

function troublesOf(providers: readonly OpenProvider[]): readonly string[] {
  return providers.flatMap(({ name, figures }) => {
    const { breakerOpen, breakerReason, breakerOpenForMs } = figures()
    if (!breakerOpen) return []
    return [
      `${name} is not called for now: ${breakerReason}; it answers nobody${sinceText(breakerOpenForMs)}`,
    ]
  })
}

/** Whole seconds, and whole minutes from one on. */
function sinceText(ms: number): string {
  const unitMs = ms < 60_000 ? 1_000 : 60_000
  return ms < unitMs ? '' : ` for ${durationText(ms - (ms % unitMs))}`
}
