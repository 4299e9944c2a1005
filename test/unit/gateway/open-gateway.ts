/** A gateway before a running pipeline on a log of its own, asked without a socket. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { BrakeWatch } from '#admin/brakes.ts'
import { FailureDesk } from '#admin/failure-desk.ts'
import { PodRoster } from '#admin/pod-roster.ts'
import { StateDesk } from '#admin/state-desk.ts'
import { TopicDesk } from '#admin/topic-desk.ts'
import { VersionDesk } from '#admin/version-desk.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { newSecret, newUuid } from '#cli/secrets.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { type Running, run } from '#engine/client/run.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { Batches } from '#gateway/batches.ts'
import { type GatewayServerOptions, gatewayServer } from '#gateway/http/server.ts'
import type { KeyRing } from '#gateway/keys.ts'
import type { Gateway } from '#gateway/operation.ts'
import type { Rates } from '#gateway/rates.ts'
import { Sessions } from '#gateway/sessions.ts'
import type { Model } from '#models/model.ts'
import { type AnswersOptions, answers } from '#pipelines/answers.ts'
import { AnswersService } from '#pipelines/answers-service.ts'
import { EventFeed } from '#pipelines/event-feed.ts'
import { RunIndex } from '#pipelines/run-index.ts'
import { TokenFeed } from '#pipelines/token-feed.ts'
import { TokenTopic } from '#pipelines/token-topic.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import { isSchemaCodec } from '#schemas/avro/schema-codec.ts'
import type { AnswerStore } from '#stores/answers.ts'
import type { Cache } from '#stores/cache.ts'
import type { HistoryStore } from '#stores/history.ts'
import type { Plan } from '#topology/plan.ts'
import type { Topology } from '#topology/topology.ts'

const SECRETS = { secret: newSecret, uuid: newUuid }

export interface Opened extends AsyncDisposable {
  readonly log: Log
  readonly running: Running
  readonly gateway: Gateway
  readonly server: FastifyInstance
  ask(options: InjectOptions): Promise<Replied>
}

export interface Replied {
  readonly status: number
  readonly type: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, unknown>>
}

interface TestedStores {
  readonly answers: AnswerStore
  readonly history: HistoryStore
  readonly cache: Cache
}

const graphOf = (
  model: Model,
  stores: Partial<TestedStores>,
  tokens: TokenTopic,
  more: Partial<AnswersOptions>,
): Topology =>
  answers({
    model,
    tokens,
    judge: 'computed',
    threshold: 0,
    retryBase: 1,
    retryCap: 1,
    delayTiers: [5],
    store: stores.answers,
    history: stores.history,
    cache: stores.cache,
    ...more,
  })

/** With a pod that answers by the model, and writes the stores. */
export async function openGateway(
  model: Model,
  stores: Partial<TestedStores> = {},
  more: Partial<AnswersOptions> = {},
  keys?: KeyRing,
): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-gateway-'))
  const log = await openEmbeddedLog({ path: folder, system: realSystem })
  const written = new TokenTopic({ log, system: realSystem, logger: silent })
  const graph = graphOf(model, stores, written, more)
  const running = await run(graph, { log, name: 'pod', logger: silent })
  const runs = new RunIndex()
  const service = new AnswersService({ log, plan: running.plan, name: 'gate', runs })
  const feed = new EventFeed({ log, plan: running.plan, system: realSystem })
  await feed.start()
  const tokens = new TokenFeed({ log, system: realSystem })
  await tokens.start()
  await service.start()
  const brakes = new BrakeWatch({ log, system: realSystem })
  await brakes.start()
  const failures = new FailureDesk({ log, plan: running.plan, system: realSystem, token: newSecret })
  const { answers: store, history, cache } = stores
  const roster = new PodRoster(log, running.plan.application, realSystem)
  const { plan } = running
  const desk = { log, plan, registry: registryOf(plan), system: realSystem }
  const gateway: Gateway = {
    service,
    runs,
    system: realSystem,
    answers: store,
    history,
    feed,
    tokens,
    cache,
    batches: new Batches(cache),
    sessions: cache && new Sessions({ cache, system: realSystem, ttlMs: 60_000, secrets: SECRETS }),
    pods: () => roster.pods(),
    brakes,
    failures,
    versionDesk: new VersionDesk({ log, plan: running.plan, taskTypes: TASK_TYPES, system: realSystem }),
    topics: new TopicDesk(desk),
    state: new StateDesk(desk),
    cacheTtlMs: () => 60_000,
  }
  const server = serverOf(gateway, keys)
  return {
    log,
    running,
    gateway,
    server,
    ask: options => asked(server, options),
    [Symbol.asyncDispose]: async () => {
      service.close()
      roster.close()
      brakes[Symbol.dispose]()
      failures[Symbol.dispose]()
      feed[Symbol.dispose]()
      tokens[Symbol.dispose]()
      written[Symbol.dispose]()
      await server.close()
      await running.stop()
      await log.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The schemas of the graph by the ids that its codecs write without a registry. */
export function registryOf({ topics, stages }: Plan): SchemaRegistry {
  const operators = stages.flatMap(stage => [...stage.operators.values()])
  const states = operators.flatMap(({ operator }) => Object.values(operator.state))
  const schemas = [...topics.values(), ...states].flatMap(({ codec }) =>
    isSchemaCodec(codec) && codec.schema ? [codec.schema] : [],
  )
  const texts = new Map(schemas.map(({ fingerprint, text }) => [fingerprint, text]))
  const none = async () => undefined
  return {
    address: 'the registry of the test',
    register: () => Promise.reject(new TypeError('nothing is registered here')),
    ...{ idOf: none, latest: none, schemaOf: async id => texts.get(id) },
  }
}

export const serverOf = (
  gateway: Gateway,
  keys?: KeyRing,
  rates?: Rates,
  more: Pick<GatewayServerOptions, 'trustedProxies' | 'traceShare'> = {},
): FastifyInstance =>
  gatewayServer({
    gateway: () => gateway,
    keys,
    rates,
    name: 'gate',
    logger: silent,
    system: realSystem,
    routes: [],
    ...more,
  })

export async function asked(server: FastifyInstance, options: InjectOptions): Promise<Replied> {
  const { statusCode: status, headers, body } = await server.inject(options)
  const type = String(headers['content-type'] ?? '').split(';')[0] ?? ''
  return { status, type, headers, body: /json/.test(type) && body !== '' ? JSON.parse(body) : body }
}

export const post = (url: string, payload: unknown, headers: Record<string, string> = {}): InjectOptions => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'application/json', ...headers },
  payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
})
