/** The answer pipeline put together from its real parts, and taken apart again in order. */

import { failureFields } from '#core/errors.ts'
import type { Interceptor } from '#core/interceptor.ts'
import { inPart, type Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { PodReporting } from '#engine/client/pod-reporting.ts'
import { type Running, run } from '#engine/client/run.ts'
import type { Log } from '#engine/log/log.ts'
import type { Model } from '#models/model.ts'
import type { IndexAnswersOptions } from '#operators/index-answers.ts'
import { answers } from '#pipelines/answers.ts'
import { TokenTopic } from '#pipelines/token-topic.ts'
import type { WebhooksOptions } from '#pipelines/webhook-stages.ts'
import { bindSchemas } from '#schemas/avro/bind.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import { type Plan, plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'
import { Closers } from './command/closers.ts'
import { closedOnStop } from './command/stopping.ts'
import { versionOfThis } from './command/version.ts'
import type { Configuration } from './configuration.ts'
import { ledgerFile } from './data-folder.ts'
import {
  holdLog,
  isEmbedded,
  isSimulated,
  type OpenProvider,
  openModel,
  openRegistry,
  openStateStores,
  pricesOf,
} from './parts.ts'
import { PurchaseLedger } from './purchases.ts'
import { absentSemantic, semanticSink } from './semantic.ts'
import { absentStores, type OpenStores, openStores, type Stores } from './stores.ts'
import { absentWebhooks, podWebhooks } from './webhooks.ts'

export interface Pipeline extends AsyncDisposable {
  readonly log: Log
  readonly running: Running
  readonly plan: Plan
  readonly stores: OpenStores
  readonly registry: SchemaRegistry
  readonly ledger: PurchaseLedger
  /** Who answers, for people. */
  readonly model: string
  /** Which providers are called no more for now, and why; a line each. */
  readonly troubles: () => readonly string[]
  /** Why no provider can be used until a person has acted. */
  readonly setupFaults: () => readonly string[]
  readonly providers: readonly OpenProvider[]
}

export interface PipelineOptions {
  readonly system: System
  readonly logger: Logger
  /** Around what the pod does, for traces. */
  readonly interceptor?: Interceptor | undefined
  /** Ends the wait for brokers or a registry that are down. */
  readonly signal: AbortSignal
}

/** Opens everything and starts the pod. Disposing of it finishes what is in flight, commits and closes. */
export async function openPipeline(
  configuration: Configuration,
  options: PipelineOptions,
): Promise<Pipeline> {
  const { system, logger } = options
  await using opened = new Closers()
  const { log } = opened.use(await holdLog(configuration, options))
  const cancel = closedOnStop(log, options.signal, system, 0)
  opened.defer(cancel)
  const path = isEmbedded(configuration) ? ledgerFile(configuration) : undefined
  const ledger = new PurchaseLedger(path, error =>
    logger.warn('purchases are not written down: make room on the disk; they are when there is', {
      path,
      ...failureFields(error),
    }),
  )
  opened.defer(() => ledger.close())
  const { model, description, troubles, setupFaults, providers, close } = await openModel(configuration, {
    ...options,
    logger: inPart(logger, 'models'),
    onBought: id => ledger.bought(id),
  })
  opened.defer(close)
  const registry = await openRegistry(configuration, log, system)
  const stores = await openStores(configuration, { system, logger: inPart(logger, 'stores') })
  const semantic = await semanticSink(configuration, { log, system, logger }, opened)
  const tokens = new TokenTopic({ log, system, logger: inPart(logger, 'answers') })
  opened.defer(async () => tokens[Symbol.dispose]())
  const webhooks = await podWebhooks(configuration, { system, logger: inPart(logger, 'webhooks') })
  const graph = topologyOf(configuration, { model, tokens, semantic, webhooks, ...stores })
  const topology = await bindSchemas(graph, { registry, ...options })
  const running = await run(topology, {
    log,
    name: configuration.podName,
    stores: openStateStores(configuration, options),
    resources: stores.resources,
    adoptTopics: configuration.adoptTopics,
    sourcesFrom: configuration.sourceFrom || undefined,
    logger: inPart(logger, 'engine'),
    interceptor: options.interceptor,
    system,
  })
  const reporting = opened.use(
    new PodReporting(running, {
      ...{ log, logger, system, release: versionOfThis() },
      providers: () => providers.map(({ name, figures }) => ({ name, ...figures() })),
    }),
  )
  reporting.start()
  opened.defer(() => running.stop())
  // From here on the end is that of the pod, which needs the log for it.
  cancel()
  options.signal.throwIfAborted()
  const parts = opened.move()
  return {
    log,
    running,
    plan: running.plan,
    stores,
    registry,
    ledger,
    model: description,
    troubles,
    setupFaults,
    providers,
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}

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
