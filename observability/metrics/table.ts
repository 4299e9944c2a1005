/** The metrics that are counted outside of the engine, with their labels and meanings. docs/metrics.md is made from it. */
import type { Row } from './family.ts'

const row = (kind: Row['kind'], metric: string, labels: readonly string[], description: string): Row => ({
  metric,
  kind,
  labels,
  description,
})

const counter = (metric: string, labels: readonly string[], description: string): Row =>
  row('counter', `caudal_${metric}_total`, labels, description)
const gauge = (metric: string, labels: readonly string[], description: string): Row =>
  row('gauge', `caudal_${metric}`, labels, description)
const histogram = (metric: string, labels: readonly string[], description: string): Row =>
  row('histogram', `caudal_${metric}`, labels, description)

/** Of the engine, computed when it is scraped, or counted from its channels. */
export const ENGINE_ROWS = {
  spansLost: counter('spans_lost', ['reason'], 'spans of traces that did not reach their collector'),
  info: gauge(
    'pod_info',
    ['application', 'pod_name', 'node'],
    'always 1: which pod this is, whatever its start, and its Node version',
  ),
  lag: gauge(
    'source_lag_records',
    ['stage', 'topic'],
    'records of a source that are not done, without markers',
  ),
  restoring: gauge('restore_remaining_records', ['stage'], 'records that restores have still to read'),
  written: counter('topic_records_written', ['topic'], 'records of commits that took place, exactly once'),
  failures: counter(
    'record_failures',
    ['stage', 'code', 'action'],
    'failed runs by code and by what followed',
  ),
  logRetries: counter('log_retries', ['request'], 'requests to the log that were made again'),
  logRefusals: counter('log_refusals', ['request'], 'requests to the log that were given up'),
  logDisconnects: counter('log_disconnects', [], 'connections to brokers that were lost or cut'),
  leftOut: counter(
    'left_out',
    ['topic', 'what'],
    'records that a gateway could not read and left out, and gaps of a topic that dropped records before they were read',
  ),
} as const satisfies Record<string, Row>

/** Of models and answers. What an operator tells is counted when it runs: a run that is repeated after a crash counts again. */
export const ANSWER_ROWS = {
  modelCalls: counter('model_calls', ['model', 'outcome'], 'calls that ended, by how'),
  modelTime: histogram(
    'model_call_duration_seconds',
    ['provider'],
    'from asking a provider to its answer or error',
  ),
  firstText: histogram(
    'model_first_token_seconds',
    ['provider'],
    'from asking a provider to the first piece of its streamed answer',
  ),
  modelLimit: gauge(
    'model_concurrency_limit',
    ['provider'],
    'calls that the adaptive limit allows at a time',
  ),
  modelInFlight: gauge('model_calls_in_flight', ['provider'], 'calls in progress'),
  modelWaiting: gauge('model_calls_waiting', ['provider'], 'calls that wait for their turn'),
  breakerOpen: gauge('model_breaker_open', ['provider'], '1 while a breaker keeps calls from a provider'),
  breakerOpenings: counter('model_breaker_openings', ['provider', 'trouble'], 'times that a breaker opened'),
  tokens: counter('model_tokens', ['model', 'type'], 'tokens bought: prompt and completion'),
  cost: counter('cost_usd', ['model', 'task_type'], 'US dollars spent, where the price is known'),
  costByOrganization: counter(
    'organization_cost_usd',
    ['organization'],
    'US dollars spent for the organisations that cost most; the rest as other',
  ),
  unpriced: counter('unpriced_calls', ['model'], 'replies of models whose price is not known'),
  scores: histogram(
    'answer_score',
    ['task_type', 'criterion'],
    'scores of judged answers, final among the criteria',
  ),
  judged: counter(
    'answers_judged',
    ['task_type', 'prompt_version', 'outcome'],
    'judged answers: passed, again or below',
  ),
  retried: counter(
    'answers_retried',
    ['error_type', 'outcome'],
    'failed calls of questions, by what followed',
  ),
  delivered: counter('answers_delivered', ['task_type', 'below_threshold'], 'answers delivered'),
  failed: counter('answers_failed', ['reason'], 'questions given up'),
  lostCost: counter('undelivered_cost_usd', [], 'US dollars spent on questions that were given up'),
  attempts: histogram(
    'answer_attempts',
    [],
    'calls that failed and answers that were judged, of a delivered answer',
  ),
  latency: histogram('answer_duration_seconds', ['task_type'], 'from the event to the delivered answer'),
} as const satisfies Record<string, Row>

/** Of webhooks, counted as those of answers are. */
export const WEBHOOK_ROWS = {
  webhooks: counter(
    'webhooks',
    ['host', 'outcome'],
    'webhooks by what followed: delivered, again after a failure, parked without a call, or undelivered',
  ),
} as const satisfies Record<string, Row>

/** Of the gateway, by route and never by path. The names are those that dashboards of web services know. */
export const HTTP_ROWS = {
  requests: row('counter', 'http_requests_total', ['method', 'endpoint', 'status_code'], 'requests answered'),
  duration: row(
    'histogram',
    'http_request_duration_seconds',
    ['method', 'endpoint'],
    'from the head of a request to the end of its answer; waiting for an outcome counts',
  ),
  inFlight: row(
    'gauge',
    'http_requests_in_flight',
    ['endpoint'],
    'requests under way, open streams among them',
  ),
  grpcRequests: row('counter', 'grpc_requests_total', ['method', 'code'], 'calls of gRPC that have ended'),
  grpcDuration: row(
    'histogram',
    'grpc_request_duration_seconds',
    ['method', 'code'],
    'from the begin of a call of gRPC to its status; waiting for an outcome counts',
  ),
  grpcInFlight: row('gauge', 'grpc_requests_in_flight', ['method'], 'calls of gRPC under way'),
  cacheHits: row('counter', 'cache_hits_total', ['cache_type'], 'look-ups in the cache that found a value'),
  cacheMisses: row('counter', 'cache_misses_total', ['cache_type'], 'look-ups in the cache that found none'),
  databaseConnections: gauge(
    'database_connections',
    ['state'],
    'connections to Postgres: in use, and idle in the pool',
  ),
  databaseConnectionsMax: gauge('database_connections_limit', [], 'connections that the pool opens at most'),
  databaseWaiting: gauge('database_statements_waiting', [], 'statements that wait for a connection'),
} as const satisfies Record<string, Row>

/** Of the process. Those without our prefix have the names that Prometheus' own clients give them. */
export const PROCESS_ROWS = {
  cpu: row('counter', 'process_cpu_seconds_total', [], 'user and system time of the processor'),
  resident: row('gauge', 'process_resident_memory_bytes', [], 'memory held'),
  started: row('gauge', 'process_start_time_seconds', [], 'start, seconds since the epoch'),
  heapUsed: row('gauge', 'nodejs_heap_size_used_bytes', [], 'heap in use'),
  heapTotal: row('gauge', 'nodejs_heap_size_total_bytes', [], 'heap reserved'),
  loopDelay: gauge(
    'event_loop_delay_seconds',
    ['percentile'],
    'how late the event loop came round, in the last one to two minutes',
  ),
  loopBusy: gauge(
    'event_loop_utilization',
    [],
    'share of time in which the event loop was busy, in the last one to two minutes',
  ),
  diskFree: gauge('data_free_bytes', [], 'free room of the disk that holds DATA_DIR'),
  diskSize: gauge('data_size_bytes', [], 'size of that disk'),
  scrapeTime: gauge('scrape_duration_seconds', [], 'time that the last scrape took'),
  scrapeFailures: counter(
    'scrape_failures',
    [],
    'scrapes in which the log did not say where its partitions end',
  ),
  series: gauge('scrape_series', [], 'series of the last scrape'),
  seriesRefused: gauge(
    'scrape_series_refused',
    [],
    'series that the last scrape left out, as there were too many',
  ),
} as const satisfies Record<string, Row>
