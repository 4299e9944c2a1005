/** The graph of the answer pipeline as the settings want it. Nothing is opened for it. */
import { readFileSync } from 'node:fs'
import { PRICES, type PriceTable, priceFaults } from '#answers/prices.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Model } from '#models/model.ts'
import type { IndexAnswersOptions } from '#operators/index-answers.ts'
import { answers } from '#pipelines/answers.ts'
import type { TokenTopic } from '#pipelines/token-topic.ts'
import type { WebhooksOptions } from '#pipelines/webhook-stages.ts'
import { type Plan, plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'
import type { Configuration } from './configuration.ts'
import { isSimulated } from './provider.ts'
import { absentSemantic } from './semantic.ts'
import { absentStores, type Stores } from './stores.ts'
import { absentWebhooks } from './webhooks.ts'

/** A record may wait for its turn at the provider before its call is made. */
const WAIT_FOR_TURN_MS = 15_000
/** Short waits for a model that is simulated here: a demonstration should not be mostly waiting. */
const DEMO_RETRY = { retryBaseMs: 500, retryCapMs: 2_000 }

export interface GraphParts extends Stores {
  readonly model: Model
  readonly semantic?: IndexAnswersOptions | undefined
  /** Where answers are streamed while they are written. */
  readonly tokens?: TokenTopic
  readonly webhooks?: WebhooksOptions | undefined
}

export function topologyOf(
  configuration: Configuration,
  { model, tokens, semantic, webhooks, answers: store, history, cache }: GraphParts,
): Topology {
  const { application, threshold, attemptsMax, inFlightMax, judgeTokensMax, given } = configuration
  const isShort = isSimulated(configuration) && !given.has('retryBaseMs') && !given.has('retryCapMs')
  const { retryBaseMs, retryCapMs } = isShort ? DEMO_RETRY : configuration
  const providers = configuration.fallbackBaseUrl === '' ? 1 : 2
  return answers({
    name: application,
    model,
    threshold,
    attemptsMax,
    inFlightMax,
    judgeTokensMax,
    prices: pricesOf(configuration),
    retryBase: retryBaseMs,
    retryCap: retryCapMs,
    // The first provider may take its whole time to fail, and the second then needs its own.
    timeout: providers * configuration.callTimeoutMs + WAIT_FOR_TURN_MS,
    store,
    history,
    tokens,
    // What a demonstration shows is whole, and of no length.
    record: isSimulated(configuration) && !given.has('record') ? 'full' : configuration.record,
    cache,
    cacheTtl: configuration.cacheTtlS * 1_000,
    semantic,
    batches: true,
    webhooks,
  })
}

/** The graph for commands that only look at it, or at what it left behind: no model is asked. */
export const modellessTopology = (configuration: Configuration): Topology =>
  topologyOf(configuration, {
    model: ABSENT,
    semantic: absentSemantic(configuration),
    webhooks: absentWebhooks(configuration),
    ...absentStores(configuration),
  })

export const planOf = (configuration: Configuration): Plan => plan(modellessTopology(configuration))

const ABSENT: Model = {
  complete: () => Promise.reject(new TypeError('a graph without a model was asked to answer')),
}

/** The prices that are known here, those of LLM_PRICES before them. Throws CONFIGURATION_INVALID. */
export function pricesOf({ pricesFile }: Configuration): PriceTable {
  if (pricesFile === '') return PRICES
  const own = priceTableIn(pricesFile)
  const faults = priceFaults(own)
  if (faults.length > 0)
    throw new CaudalError('CONFIGURATION_INVALID', {
      faults: faults.map(fault => `LLM_PRICES: ${fault}`).join('\n'),
    })
  return { ...PRICES, ...(own as PriceTable) } // It has just been checked.
}

function priceTableIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CaudalError(
      'CONFIGURATION_INVALID',
      { faults: `LLM_PRICES: ${path} is not JSON (${reasonOf(error)})` },
      error,
    )
  }
}
