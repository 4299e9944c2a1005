/** The answer pipeline put together from its real parts, and taken apart again in order. */

import { failureFields } from '#core/errors.ts'
import type { Interceptor } from '#core/interceptor.ts'
import { inPart, type Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { PodReporting } from '#engine/client/pod-reporting.ts'
import { type Running, run } from '#engine/client/run.ts'
import type { Log } from '#engine/log/log.ts'
import type { Model } from '#models/model.ts'
import { TokenTopic } from '#pipelines/token-topic.ts'
import { bindSchemas } from '#schemas/avro/bind.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import { type Plan, plan } from '#topology/plan.ts'
import { Closers } from './command/closers.ts'
import { closedOnStop } from './command/stopping.ts'
import { versionOfThis } from './command/version.ts'
import type { Configuration } from './configuration.ts'
import { ledgerFile } from './data-folder.ts'
import { type OpenProvider, openModel } from './model.ts'
import { refuseFewFiles } from './open-files.ts'
import { holdLog, isEmbedded, openRegistry, openStateStores } from './parts.ts'
import { PurchaseLedger } from './purchases.ts'
import { semanticSink } from './semantic.ts'
import { type OpenStores, openStores } from './stores.ts'
import { topologyOf } from './topology.ts'
import { podWebhooks } from './webhooks.ts'

export interface Pipeline extends AsyncDisposable {
  readonly log: Log
  readonly running: Running
  readonly plan: Plan
  readonly stores: OpenStores
  readonly registry: SchemaRegistry
  readonly ledger: PurchaseLedger
  /** Who answers, for people. */
  readonly model: string
  /** What it calls. */
  readonly calls: Model
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
    logger.warn('purchases are not recorded: the disk is full. Free some room; recording resumes by itself', {
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
  if (isEmbedded(configuration)) refuseFewFiles(plan(topology))
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
    calls: model,
    troubles,
    setupFaults,
    providers,
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}
