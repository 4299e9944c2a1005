/** The one table of settings. Whatever the environment may say is here, with its default, its unit and its meaning. */

import { hostname } from 'node:os'
import { THRESHOLD } from '#answers/rubric.ts'
import { TOPICS } from '#answers/topics.ts'
import type { SourcesFrom } from '#engine/topics/source-beginnings.ts'
import type { ConsoleMode } from '#gateway/http/console-files.ts'
import type { RecordMode } from '#operators/recording.ts'
import { BROKER_SETTINGS } from './broker-settings.ts'
import { MODEL_SETTINGS } from './model-settings.ts'
import {
  address,
  choice,
  host,
  levels,
  name,
  networks,
  number,
  type Row,
  taskTypes,
  text,
  words,
} from './setting-rows.ts'
import { WEBHOOK_SETTINGS } from './webhook-settings.ts'

export const SETTINGS = {
  ...BROKER_SETTINGS,
  schemaRegistryUrl: address('SCHEMA_REGISTRY_URL', ['http', 'https'], {
    default: '',
    description: 'Schema registry with the Confluent API. Empty: schemas are kept in a topic of the log.',
  }),
  ...MODEL_SETTINGS,
  databaseUrl: address('DATABASE_URL', ['postgres', 'postgresql'], {
    default: '',
    secret: true,
    description:
      'Postgres for delivered answers, in its table response_event. Empty: a file in DATA_DIR with the embedded log, none on Kafka.',
  }),
  databaseConnections: number('DATABASE_CONNECTIONS', [1, 100], {
    default: 8,
    unit: 'connections',
    description: 'Connections to Postgres that one process opens at most.',
  }),
  historyDays: number('HISTORY_DAYS', [1, 3_650], {
    default: 30,
    unit: 'days',
    description: 'How long the database keeps what happened to each question.',
  }),
  record: choice<RecordMode>('RECORD', ['digest', 'full'], {
    default: 'digest',
    defaultText: 'digest; full with the simulated model',
    description:
      'How much of each call is recorded for the history: full has the messages that the model was asked with, digest their SHA-256.',
  }),
  redisUrl: address('REDIS_URL', ['redis', 'rediss'], {
    default: '',
    secret: true,
    description:
      'Redis for answers asked for again. Empty: a folder in DATA_DIR with the embedded log, none on Kafka.',
  }),
  cacheTtlS: number('CACHE_DEFAULT_TTL', [1, 2_592_000], {
    default: 3_600,
    unit: 's',
    description: 'How long the cache keeps an answer, unless its task type has a time of its own.',
  }),
  sessionTtlS: number('SESSION_TTL', [60, 2_592_000], {
    default: 3_600,
    unit: 's',
    description: 'How long a session of the gateway lives after it was used last.',
  }),
  cacheConnections: number('CACHE_MAX_CONNECTIONS', [2, 50], {
    default: 2,
    unit: 'connections',
    description:
      'Connections to Redis that one process opens. One carries many commands at a time; more help large answers.',
  }),
  semanticTaskTypes: taskTypes('SEMANTIC_TASK_TYPES', {
    default: [],
    description:
      'Task types whose questions may be answered by the answer to the same question in other words. Empty: none.',
  }),
  semanticSimilarity: number(
    'SEMANTIC_SIMILARITY',
    [0, 1],
    {
      default: 0.85,
      description: 'Below it two questions are not compared further; above it the guard decides.',
    },
    'number',
  ),
  semanticTtlS: number('SEMANTIC_TTL', [1, 31_536_000], {
    default: 86_400,
    unit: 's',
    description: 'How long an answer is served for questions in other words.',
  }),
  semanticEntriesMax: number('SEMANTIC_ENTRIES_MAX', [1, 10_000_000], {
    default: 100_000,
    unit: 'entries',
    description: 'Answers that the semantic index of a gateway holds; the oldest goes first.',
  }),
  embeddingsModel: text('EMBEDDINGS_MODEL', {
    default: '',
    description:
      'Model of embeddings for the semantic index, at the endpoint of the first provider. Empty: the hashing embedder, without a model.',
  }),
  embeddingsDimensions: number('EMBEDDINGS_DIMENSIONS', [1, 10_000], {
    default: 1_536,
    unit: 'dimensions',
    description: 'Of the vectors of EMBEDDINGS_MODEL.',
  }),
  dataFolder: text('DATA_DIR', {
    default: './data',
    description: 'Folder of the embedded log, of its stores of answers, and of the local copies of state.',
  }),
  host: host('HOST', {
    default: '127.0.0.1',
    description:
      'Where probes, metrics and the gateway are served: loopback alone, or 0.0.0.0 for every interface, where the gateway needs GATEWAY_KEYS_FILE.',
  }),
  keysFile: text('GATEWAY_KEYS_FILE', {
    default: '',
    description:
      'File of the keys of the gateway, which caudal key create makes; it is read again when it changes. Empty: no keys, and the gateway answers loopback alone.',
  }),
  trustedProxies: networks('GATEWAY_TRUSTED_PROXIES', {
    default: [],
    defaultText: 'empty',
    description:
      'Addresses and networks of the proxies in front of the gateway, with commas between; loopback, linklocal and uniquelocal name networks. Their X-Forwarded-For says where a request comes from. Empty: the header is not believed.',
  }),
  rateLimit: number('GATEWAY_RATE_LIMIT', [0, 10_000_000], {
    default: 0,
    unit: 'requests a minute',
    description:
      'Requests that a key may make in a minute, at all gateways together; without keys, an address. 0: any number.',
  }),
  trialInFlightMax: number('TRIAL_IN_FLIGHT_MAX', [1, 100], {
    default: 2,
    unit: 'questions',
    description:
      'Recorded questions that a trial asks side by side. They share the limits of the provider with the pods.',
  }),
  dailyQuota: number('GATEWAY_DAILY_QUOTA', [0, 1_000_000_000], {
    default: 0,
    unit: 'questions a day',
    description: 'Questions that an organisation may ask in a day of UTC. 0: any number.',
  }),
  ...WEBHOOK_SETTINGS,
  port: number('PORT', [0, 65_535], {
    default: 8_080,
    defaultText: '8080; any that is free for a process that finds it taken',
    description: 'Port of what a command serves over HTTP; 0 takes any that is free.',
  }),
  grpcPort: number('GRPC_PORT', [0, 65_535], {
    default: 0,
    defaultText: 'empty',
    description:
      'Port of the gateway over gRPC, on HOST and for the callers of HTTP; 0 takes any that is free. Empty: no gRPC.',
  }),
  consoleMode: choice<ConsoleMode>('CONSOLE', ['off', 'read', 'operate'], {
    default: 'read',
    defaultText: 'read; operate with the simulated model',
    description:
      'The console in the browser, beside the gateway: off, read (it shows, and asks questions) or operate (it stops and replays too).',
  }),
  application: name('APP_ID', {
    default: 'answers',
    description: 'Name of the application: consumer group and prefix of internal topics.',
  }),
  topicPrefix: name('TOPIC_PREFIX', {
    default: '',
    description:
      'Before the name of every topic, of the consumer group and of the producers, so that a second application on the same brokers is wholly apart.',
  }),
  sourceTopic: name('SOURCE_TOPIC', {
    default: '',
    description: `Where questions come from. Empty: ${TOPICS.raw}, with TOPIC_PREFIX.`,
  }),
  resultTopic: name('RESULT_TOPIC', {
    default: '',
    description: `Where answers go. Empty: ${TOPICS.delivered}, with TOPIC_PREFIX.`,
  }),
  sourceFrom: choice<SourcesFrom | ''>('SOURCE_FROM', ['start', 'end'], {
    default: '',
    description:
      'Where a new application begins at its very first start: start takes in all questions that are there, end those that come. Empty: start, unless another application reads them too, which has to be decided.',
  }),
  podName: name('POD_NAME', {
    default: hostname().replace(/[^A-Za-z0-9._-]/g, '-') || 'pod',
    defaultText: "the machine's name",
    description: 'Name of this pod, unique among those of the application that run at the same time.',
  }),
  adoptTopics: words<'start' | 'position'>('ADOPT_TOPICS', ['start', 'position'], {
    default: {},
    defaultText: 'empty',
    description:
      'Answers to TOPIC_REPLACED: the id of a topic that was made again, and where to begin in it, as ID=start or ID=position; more of them after commas.',
  }),
  inFlightMax: number('MAX_IN_FLIGHT', [1, 100_000], {
    default: 2_000,
    unit: 'records',
    description:
      'Records with a model call in progress at a time, in one pod and for each of its two calling stages.',
  }),
  attemptsMax: number('MAX_ATTEMPTS', [1, 100], {
    default: 3,
    unit: 'attempts',
    description: 'Calls that may fail, and answers that may score low, for one question; each counted apart.',
  }),
  threshold: number(
    'REGEN_THRESHOLD',
    [0, 10],
    {
      default: THRESHOLD,
      unit: 'points of 10',
      description: 'An answer below it is generated again, unless its task type has a threshold of its own.',
    },
    'number',
  ),
  retryBaseMs: number('RETRY_BASE_MS', [1, 3_600_000], {
    default: 1_000,
    defaultText: '1000; 500 with the simulated model',
    unit: 'ms',
    description: 'Wait before a failed call is made again; grows with each attempt.',
  }),
  retryCapMs: number('RETRY_CAP_MS', [1, 86_400_000], {
    default: 60_000,
    defaultText: '60000; 2000 with the simulated model',
    unit: 'ms',
    description: 'The longest such wait.',
  }),
  logLevel: levels('LOG_LEVEL', {
    default: 'info',
    description:
      'Log lines below this level are not written: debug, info, warn or error. Parts of the program may have another, after commas: info,engine/log/kafka=debug.',
  }),
  logFormat: choice<'json' | 'short' | ''>('LOG_FORMAT', ['json', 'short'], {
    default: '',
    defaultText: 'short in a terminal, else json',
    description:
      'What log lines look like: json has who wrote a line, and counts lines that are equal; short has what a person in a terminal needs.',
  }),
  otlpEndpoint: address('OTEL_EXPORTER_OTLP_ENDPOINT', ['http', 'https'], {
    default: '',
    description:
      'Collector of traces, by OTLP over HTTP with protobuf, without the path: http://127.0.0.1:4318. Empty: no trace is written.',
  }),
  otlpHeaders: text('OTEL_EXPORTER_OTLP_HEADERS', {
    default: '',
    secret: true,
    description: 'Headers for the collector, as NAME=VALUE, more of them after commas.',
  }),
  traceShare: number(
    'OTEL_TRACES_SAMPLER_ARG',
    [0, 1],
    {
      default: 1,
      description:
        'Share of the traces that begin here and are written. A trace that came with a question keeps its own word.',
    },
    'number',
  ),
  logContent: choice<'on' | 'off'>('LOG_CONTENT', ['on', 'off'], {
    default: 'off',
    description: 'Whether log lines may have questions, prompts and answers: on or off.',
  }),
} as const satisfies Record<string, Row<unknown>>

export type SettingName = keyof typeof SETTINGS
export type Configuration = {
  readonly [N in SettingName]: (typeof SETTINGS)[N] extends { readonly default: infer T } ? T : never
} & {
  /** Those that the environment sets; the rest have their defaults. */
  readonly given: ReadonlySet<SettingName>
}
