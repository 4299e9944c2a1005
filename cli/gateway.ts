/** The gateway of a process, put together: one port for questions, for probes, and for the health of its parts. */
import { accessTo } from '#admin/access.ts'
import { BrakeWatch } from '#admin/brakes.ts'
import { FailureDesk } from '#admin/failure-desk.ts'
import { FlowWatch } from '#admin/flow.ts'
import { GatewayRoster } from '#admin/gateway-roster.ts'
import { lookingDesks } from '#admin/looking-desks.ts'
import { PodRoster } from '#admin/pod-roster.ts'
import { VersionDesk } from '#admin/version-desk.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { CaudalError } from '#core/errors.ts'
import { inPart, type Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { uniqueName } from '#engine/pod/pod-name.ts'
import { Batches } from '#gateway/batches.ts'
import { Health, viewsPart } from '#gateway/health.ts'
import { CONSOLE_PATH, type ConsoleMode } from '#gateway/http/console-files.ts'
import { gatewayServer, urlOf } from '#gateway/http/server.ts'
import { KeyRing } from '#gateway/keys.ts'
import type { Gateway } from '#gateway/operation.ts'
import { Rates } from '#gateway/rates.ts'
import { Sessions } from '#gateway/sessions.ts'
import type { Model } from '#models/model.ts'
import { type AnyRoute, type Route, told } from '#observability/http-server.ts'
import { Metrics } from '#observability/metrics/metrics.ts'
import { AnswersService } from '#pipelines/answers-service.ts'
import { EventFeed } from '#pipelines/event-feed.ts'
import { loggedLeftOut } from '#pipelines/left-out.ts'
import { RunIndex } from '#pipelines/run-index.ts'
import { TokenFeed } from '#pipelines/token-feed.ts'
import { Trials } from '#pipelines/trials.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import type { Cache } from '#stores/cache.ts'
import type { Plan } from '#topology/plan.ts'
import { Closers } from './command/closers.ts'
import type { Configuration } from './configuration.ts'
import { openGrpc } from './grpc.ts'
import { awayOf, logPart, providerPart, registryPart, routeOf } from './health-parts.ts'
import { PATIENCE_MS } from './kafka.ts'
import { keySource } from './keys-file.ts'
import { isSimulated } from './provider.ts'
import { newSecret, newUuid } from './secrets.ts'
import { openSemantic } from './semantic.ts'
import { listening, metricsRoute } from './serving.ts'
import { cacheTtlMs, type OpenStores, openRateCounter } from './stores.ts'
import { modellessTopology, pricesOf } from './topology.ts'
import { openWebhooks } from './webhooks.ts'

export interface GatewayOptions {
  readonly system: System
  readonly logger: Logger
  /** What a pod in the same process tells about itself; the gateway tells it about itself alone when left out. */
  readonly routes?: readonly AnyRoute[]
}

export interface ServedGateway extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string
  /** For people: where questions are taken, and from whom. */
  readonly line: string
  /** Takes questions until it is disposed of. Resolves when what the topics hold is known. */
  open(reached: Reached): Promise<AsyncDisposable>
}

export interface Reached {
  readonly log: Log
  readonly plan: Plan
  readonly stores: OpenStores
  readonly registry: SchemaRegistry
  /** The model of the pods in this process, which trials call; without it there are none. */
  readonly calls?: Model
  /** Which providers are called no more for now, and why; a line each. */
  readonly troubles?: () => readonly string[]
}

/** Listens at once, so that a process that waits for its brokers is live and not ready instead of unreachable. */
export async function serveGateway(
  configuration: Configuration,
  options: GatewayOptions,
): Promise<ServedGateway> {
  const { system, logger } = options
  const keys = await keysOf(configuration, options)
  await using opened = new Closers()
  const health = new Health(system)
  const name = `gateway-${uniqueName(system)}`
  let gateway: Gateway | undefined
  let roster: GatewayRoster | undefined
  const rates = await ratesOf(configuration, options, opened, () => roster?.size ?? 1)
  const alone = options.routes ? undefined : aloneMetrics(configuration, options, opened)
  const own = options.routes ?? [
    ...ownProbes(health, () => gateway !== undefined),
    ...(alone ? [metricsRoute(alone)] : []),
  ]
  const server = gatewayServer({
    gateway: () => gateway,
    keys,
    rates,
    name,
    logger: inPart(logger, 'gateway'),
    system,
    routes: [...own, routeOf(health)],
    consoleMode: consoleModeOf(configuration),
    trustedProxies: configuration.trustedProxies,
    traceShare: configuration.traceShare,
  })
  opened.defer(() => server.close())
  await listening(configuration, port => server.listen({ host: configuration.host, port }))
  const grpc = await openGrpc(configuration, {
    ...{ gateway: () => gateway, name, keys, rates, logger: inPart(logger, 'gateway'), system },
    traceShare: configuration.traceShare,
    isReady: async () => gateway !== undefined && (await health.report()).status !== 'down',
  })
  if (grpc) opened.defer(() => grpc.close())
  const parts = opened.move()
  const url = urlOf(server)
  return {
    url,
    line: gatewayLine({ url, grpc: grpc?.address, keys, mode: consoleModeOf(configuration) }),
    open: async reached => {
      await using closers = new Closers()
      alone?.watch([], reached.stores.pools)
      const service = await openService(name, reached, { ...options, health, configuration, closers })
      if (rates && configuration.redisUrl === '') roster = await rosterOf(name, reached, options)
      if (roster) closers.use(roster)
      gateway = service
      return closers.move()
    },
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}

/** Nothing where there is no limit. */
async function ratesOf(
  configuration: Configuration,
  { system }: GatewayOptions,
  opened: Closers,
  gateways: () => number,
): Promise<Rates | undefined> {
  const { rateLimit: requestsAMinute, dailyQuota: questionsADay } = configuration
  if (requestsAMinute === 0 && questionsADay === 0) return undefined
  const shared = await openRateCounter(configuration, { system })
  opened.defer(async () => shared?.close())
  return new Rates({ requestsAMinute, questionsADay, shared, gateways, system })
}

/** Gateways without a common count share the limit: each has to know how many they are. */
async function rosterOf(
  name: string,
  { log, plan }: Reached,
  { system, logger }: GatewayOptions,
): Promise<GatewayRoster> {
  const roster = new GatewayRoster({ log, application: plan.application, name, system, logger })
  await roster.start()
  return roster
}

/** Rejects with CONFIGURATION_INVALID where others could reach a gateway that has no keys. */
async function keysOf(
  { keysFile, host }: Configuration,
  { system, logger }: GatewayOptions,
): Promise<KeyRing | undefined> {
  if (keysFile === '') {
    if (isLoopback(host)) return undefined
    throw new CaudalError('CONFIGURATION_INVALID', {
      faults: `HOST is ${host}, which other machines reach, and there are no keys: set GATEWAY_KEYS_FILE and run caudal key create, or set HOST to 127.0.0.1`,
    })
  }
  const keys = new KeyRing({ source: keySource(keysFile), system, logger })
  if ((await keys.start()) === 0)
    logger.warn('the gateway answers nobody: there is no key; caudal key create makes one', {
      file: keysFile,
    })
  return keys
}

const SECRETS = { secret: newSecret, uuid: newUuid }
const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host)

interface ServiceOptions {
  readonly system: System
  readonly logger: Logger
  readonly health: Health
  readonly configuration: Configuration
  /** Ends what is opened, the waits for outcomes first. */
  readonly closers: Closers
}

async function openService(
  name: string,
  { log, plan, stores, registry, troubles, calls }: Reached,
  { system, logger, health, configuration, closers }: ServiceOptions,
): Promise<Gateway> {
  const runs = new RunIndex()
  const leftOut = loggedLeftOut(inPart(logger, 'gateway'))
  const service = new AnswersService({ log, plan, name, system, runs, leftOut })
  health.watch(
    logPart(log),
    registryPart(registry),
    ...stores.health,
    ...(troubles ? [providerPart(troubles)] : []),
  )
  const feed = new EventFeed({ log, plan, system, leftOut })
  const { answers, history, cache } = stores
  const semantic = await openSemantic(configuration, { log, plan, cache, system, logger }, closers)
  const webhooks = await openWebhooks(configuration, { system, logger })
  const roster = new PodRoster(log, plan.application, system)
  closers.defer(() => roster.close())
  // Who waits for an outcome is answered then, and nobody keeps the server from its end.
  closers.defer(() => feed[Symbol.dispose]())
  closers.defer(() => service.close())
  await feed.start()
  const tokens = new TokenFeed({ log, system })
  closers.defer(() => tokens[Symbol.dispose]())
  await tokens.start()
  await service.start()
  const brakes = new BrakeWatch({ log, system, leftOut })
  closers.defer(async () => brakes[Symbol.dispose]())
  await brakes.start()
  health.watch(viewsPart({ outcomes: service, events: feed, brakes }))
  const writable = () => writablePlan(configuration, { log, registry, system, logger })
  const failures = new FailureDesk({
    ...{ log, plan, system, token: newSecret },
    writable,
  })
  closers.defer(async () => failures[Symbol.dispose]())
  const flow = new FlowWatch({ log, plan, system, away: () => awayOf(health), brakes: () => brakes.inForce })
  closers.defer(() => flow[Symbol.dispose]())
  await flow.start()
  const trials = calls && cache && trialsOf(configuration, { calls, cache, system, brakes })
  if (trials) closers.use(trials)
  return {
    ...{ service, runs, feed, tokens, system, flow, brakes, failures, answers, history, cache, semantic },
    ...lookingDesks({ log, plan, registry, system }),
    callbacks: webhooks?.rules,
    trials,
    versionDesk: new VersionDesk({ log, plan, taskTypes: TASK_TYPES, system, writable }),
    batches: new Batches(cache),
    sessions:
      cache && new Sessions({ cache, system, ttlMs: configuration.sessionTtlS * 1_000, secrets: SECRETS }),
    pods: () => roster.pods(),
    cacheTtlMs: cacheTtlMs(configuration),
  }
}

interface TrialParts extends Pick<ServiceOptions, 'system'> {
  readonly calls: Model
  readonly cache: Cache
  readonly brakes: BrakeWatch
}

/** They judge as the pods do, and call less than these. */
function trialsOf(configuration: Configuration, { calls, cache, system, brakes }: TrialParts): Trials {
  const { threshold, attemptsMax, judgeTokensMax, trialInFlightMax } = configuration
  return new Trials({
    ...{ model: calls, judgeTokensMax, taskTypes: TASK_TYPES, defaults: { threshold, attemptsMax } },
    ...{ prices: pricesOf(configuration), inFlightMax: trialInFlightMax, cache, system, id: newUuid },
    brakes: () => brakes.inForce,
  })
}

/** With codecs that write: what failed is sent again as the pods write it. Rejects while the registry is away for long. */
async function writablePlan(
  configuration: Configuration,
  parts: Pick<Reached, 'log' | 'registry'> & Pick<ServiceOptions, 'system' | 'logger'>,
): Promise<Plan> {
  const { signal } = new AbortController()
  const options = { ...parts, signal, patienceMs: PATIENCE_MS, doing: 'changes', isOwn: false } as const
  return (await accessTo(modellessTopology(configuration), options)).plan
}

/** A demonstration may be operated by who looks at it. */
function consoleModeOf(configuration: Configuration): ConsoleMode {
  const { consoleMode, given } = configuration
  return given.has('consoleMode') || !isSimulated(configuration) ? consoleMode : 'operate'
}

/** Of a gateway that is a process of its own. */
function aloneMetrics({ dataFolder }: Configuration, { system }: GatewayOptions, opened: Closers): Metrics {
  const metrics = new Metrics({ system, dataFolder })
  opened.defer(async () => metrics[Symbol.dispose]())
  metrics.start()
  return metrics
}

/** Of a gateway without a pod: live is who answers, ready is who takes questions and reaches the log. */
function ownProbes(health: Health, isOpen: () => boolean): readonly Route[] {
  const ready = async () => {
    if (!isOpen()) return told(503, ['the gateway is starting: it waits for the log'])
    const { status, parts } = await health.report()
    const reasons = parts.flatMap(({ name, reason }) => (reason === undefined ? [] : [`${name}: ${reason}`]))
    return status === 'down' ? told(503, reasons) : told(200, [])
  }
  return [
    { path: '/live', method: 'GET', answer: async () => told(200, []) },
    { path: '/ready', method: 'GET', answer: ready },
  ]
}

interface Doors {
  readonly url: string
  readonly grpc: string | undefined
  readonly keys: KeyRing | undefined
  readonly mode: ConsoleMode
}

const gatewayLine = ({ url, grpc, keys, mode }: Doors): string =>
  [
    `Gateway: ${url} (POST /query, GET /task/{id}; ${keys ? 'for callers with a key' : 'without keys it answers this machine alone'})`,
    ...(grpc === undefined ? [] : [`gRPC: ${grpc} (caudal.v1.LLMService)`]),
    ...(mode === 'off' ? [] : [`Console: ${url}${CONSOLE_PATH}`]),
  ].join('\n')
