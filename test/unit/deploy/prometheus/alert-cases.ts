/** For each alert, series at which it fires and series at the edge at which it does not. */

/** Series in the notation of promtool: `a+bxn` begins at a and grows by b, n times; one value a minute. */
export type Series = Readonly<Record<string, string>>

export interface AlertCase {
  readonly alert: string
  readonly fires: Series
  readonly silent: Series
  /** When it is looked at: after its `for` has passed. */
  readonly at: string
  /** The labels with which it fires. */
  readonly labels?: Readonly<Record<string, string>>
}

const HOUR = 60
const DAY = 24 * HOUR

/** A counter that grows by so much a minute. */
const grows = (perMinute: number, minutes = 2 * HOUR): string => `0+${perMinute}x${minutes}`
/** A pod that is started again after an hour: its counters begin at nothing. */
const restarted = (perMinute: number): string => `0+${perMinute}x60 0+${perMinute}x60`
const stays = (value: number, minutes = 2 * HOUR): string => `${value}x${minutes}`

/** Hits and misses a minute, for a day and an hour, then for two hours. */
function lookUps(
  [hits, misses]: readonly [number, number],
  [hitsThen, missesThen]: readonly [number | '_', number],
): Series {
  const minutes = DAY + HOUR
  const then = (before: number, count: number | '_') =>
    count === '_' ? `_x${2 * HOUR}` : `${before * minutes}+${count}x${2 * HOUR}`
  return {
    'cache_hits_total{cache_type="q"}': `0+${hits}x${minutes} ${then(hits, hitsThen)}`,
    'cache_misses_total{cache_type="q"}': `0+${misses}x${minutes} ${then(misses, missesThen)}`,
  }
}

export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'CaudalTaskBlocked',
    fires: { 'caudal_tasks_blocked{stage="score"}': stays(1) },
    silent: { 'caudal_tasks_blocked{stage="score"}': stays(0) },
    at: '5m',
    labels: { stage: 'score' },
  },
  {
    alert: 'CaudalNoCommit',
    fires: { 'caudal_uncommitted_age_seconds{instance="a"}': stays(61) },
    silent: { 'caudal_uncommitted_age_seconds{instance="a"}': stays(60) },
    at: '5m',
    labels: { instance: 'a' },
  },
  {
    alert: 'CaudalBacklogGrowing',
    fires: {
      'caudal_source_lag_records{stage="generate",topic="llm.requests"}': '7000+60x120',
      'caudal_records_in_total{stage="generate"}': grows(600),
    },
    // As far behind, and catching up.
    silent: {
      'caudal_source_lag_records{stage="generate",topic="llm.requests"}': '20000-60x120',
      'caudal_records_in_total{stage="generate"}': grows(600),
    },
    at: '60m',
    labels: { stage: 'generate' },
  },
  {
    alert: 'CaudalRecordsStuck',
    fires: { 'caudal_oldest_waiting_seconds{stage="score"}': stays(901) },
    silent: {
      'caudal_oldest_waiting_seconds{stage="score"}': stays(900),
      'caudal_oldest_waiting_seconds{stage="delay"}': stays(5_000),
    },
    at: '10m',
    labels: { stage: 'score' },
  },
  {
    alert: 'CaudalDeadLetters',
    fires: { 'caudal_records_dead_total{stage="ingest"}': restarted(0.5) },
    silent: { 'caudal_records_dead_total{stage="ingest"}': restarted(0.3) },
    at: '70m',
    labels: { stage: 'ingest' },
  },
  {
    alert: 'CaudalQuestionsGivenUp',
    fires: {
      'caudal_answers_failed_total{reason="attempts_used_up"}': grows(6),
      'caudal_records_in_total{stage="ingest"}': grows(100),
    },
    silent: {
      'caudal_answers_failed_total{reason="attempts_used_up"}': grows(5),
      'caudal_answers_failed_total{reason="invalid_input"}': grows(50),
      'caudal_records_in_total{stage="ingest"}': grows(100),
    },
    at: '30m',
  },
  {
    alert: 'CaudalInvalidInput',
    fires: {
      'caudal_answers_failed_total{reason="invalid_input"}': grows(21),
      'caudal_records_in_total{stage="ingest"}': grows(100),
    },
    silent: {
      'caudal_answers_failed_total{reason="invalid_input"}': grows(20),
      'caudal_records_in_total{stage="ingest"}': grows(100),
    },
    at: '30m',
  },
  {
    alert: 'CaudalBreakerOpen',
    fires: { 'caudal_model_breaker_open{provider="p"}': stays(1) },
    // Open for a minute at a time.
    silent: { 'caudal_model_breaker_open{provider="p"}': '1 0 1 0 1 0 1 0 1 0 1 0' },
    at: '10m',
    labels: { provider: 'p' },
  },
  {
    alert: 'CaudalModelErrors',
    fires: {
      'caudal_model_calls_total{model="m",outcome="ok"}': grows(69),
      'caudal_model_calls_total{model="m",outcome="timeout"}': grows(31),
    },
    silent: {
      'caudal_model_calls_total{model="m",outcome="ok"}': grows(71),
      'caudal_model_calls_total{model="m",outcome="timeout"}': grows(29),
    },
    at: '40m',
    labels: { model: 'm' },
  },
  {
    alert: 'CaudalSlowAnswers',
    fires: {
      'caudal_answer_duration_seconds_bucket{task_type="qa",le="300"}': grows(90),
      'caudal_answer_duration_seconds_bucket{task_type="qa",le="600"}': grows(100),
      'caudal_answer_duration_seconds_bucket{task_type="qa",le="+Inf"}': grows(100),
    },
    silent: {
      'caudal_answer_duration_seconds_bucket{task_type="qa",le="300"}': grows(96),
      'caudal_answer_duration_seconds_bucket{task_type="qa",le="600"}': grows(100),
      'caudal_answer_duration_seconds_bucket{task_type="qa",le="+Inf"}': grows(100),
    },
    at: '40m',
  },
  {
    alert: 'CaudalBelowThreshold',
    fires: {
      'caudal_answers_delivered_total{task_type="qa",below_threshold="true"}': grows(26),
      'caudal_answers_delivered_total{task_type="qa",below_threshold="false"}': grows(74),
    },
    silent: {
      'caudal_answers_delivered_total{task_type="qa",below_threshold="true"}': grows(24),
      'caudal_answers_delivered_total{task_type="qa",below_threshold="false"}': grows(76),
    },
    at: '60m',
    labels: { task_type: 'qa' },
  },
  {
    alert: 'CaudalCostHigh',
    fires: { 'caudal_cost_usd_total{model="m",task_type="qa"}': restarted(0.9) },
    silent: { 'caudal_cost_usd_total{model="m",task_type="qa"}': restarted(0.8) },
    at: '100m',
  },
  {
    alert: 'CaudalCostJump',
    fires: {
      'caudal_cost_usd_total{model="m",task_type="qa"}': `0+0.1x${DAY + HOUR} ${144 + 6}+0.4x${HOUR * 2}`,
    },
    silent: {
      'caudal_cost_usd_total{model="m",task_type="qa"}': `0+0.1x${DAY + HOUR} ${144 + 6}+0.2x${HOUR * 2}`,
    },
    at: `${DAY + 2 * HOUR + 30}m`,
  },
  {
    alert: 'CaudalUnpricedCalls',
    fires: { 'caudal_unpriced_calls_total{model="new"}': grows(1) },
    silent: { 'caudal_unpriced_calls_total{model="new"}': stays(7) },
    at: '30m',
    labels: { model: 'new' },
  },
  {
    alert: 'CaudalPodDown',
    fires: { 'up{job="caudal",instance="a"}': stays(0) },
    silent: { 'up{job="caudal",instance="a"}': stays(1), 'up{job="node",instance="b"}': stays(0) },
    at: '5m',
    labels: { job: 'caudal', instance: 'a' },
  },
  {
    alert: 'CaudalAbsent',
    fires: { 'up{job="caudal",instance="a"}': stays(0) },
    silent: { 'caudal_pod_info{pod_name="a"}': stays(1) },
    at: '10m',
  },
  {
    alert: 'CaudalRestoreSlow',
    fires: { 'caudal_tasks_restoring{stage="admit"}': stays(2) },
    silent: { 'caudal_tasks_restoring{stage="admit"}': '2x3 0x60' },
    at: '10m',
    labels: { stage: 'admit' },
  },
  {
    alert: 'CaudalEventLoopSlow',
    fires: { 'caudal_event_loop_delay_seconds{instance="a",percentile="99"}': stays(1.1) },
    silent: {
      'caudal_event_loop_delay_seconds{instance="a",percentile="99"}': stays(1),
      'caudal_event_loop_delay_seconds{instance="a",percentile="100"}': stays(9),
    },
    at: '5m',
    labels: { instance: 'a' },
  },
  {
    alert: 'CaudalStalls',
    fires: { 'caudal_stalls_total{instance="a"}': grows(0.25) },
    silent: { 'caudal_stalls_total{instance="a"}': grows(0.1) },
    at: '30m',
    labels: { instance: 'a' },
  },
  {
    alert: 'CaudalCommitsFail',
    fires: { caudal_commits_failed_total: restarted(2) },
    silent: { caudal_commits_failed_total: restarted(0.9) },
    at: '70m',
  },
  {
    alert: 'CaudalRebalancing',
    fires: { caudal_rebalances_total: grows(2) },
    silent: { caudal_rebalances_total: grows(1) },
    at: '30m',
  },
  {
    alert: 'CaudalDiskFull',
    fires: {
      'caudal_data_free_bytes{instance="a"}': stays(9),
      'caudal_data_size_bytes{instance="a"}': stays(100),
    },
    silent: {
      'caudal_data_free_bytes{instance="a"}': stays(10),
      'caudal_data_size_bytes{instance="a"}': stays(100),
    },
    at: '10m',
    labels: { instance: 'a' },
  },
  {
    alert: 'CaudalSeriesRefused',
    fires: { 'caudal_scrape_series_refused{instance="a"}': stays(1) },
    silent: { 'caudal_scrape_series_refused{instance="a"}': stays(0) },
    at: '10m',
    labels: { instance: 'a' },
  },
  {
    alert: 'CaudalSpansLost',
    fires: { 'caudal_spans_lost_total{instance="a",reason="failed"}': grows(1) },
    silent: { 'caudal_spans_lost_total{instance="a",reason="failed"}': stays(500) },
    at: '25m',
    labels: { instance: 'a', reason: 'failed' },
  },
  {
    alert: 'CaudalWebhookEndpointFailing',
    fires: {
      'caudal_webhooks_total{host="acme.example",outcome="again"}': grows(11),
      'caudal_webhooks_total{host="acme.example",outcome="delivered"}': grows(10),
    },
    silent: {
      'caudal_webhooks_total{host="acme.example",outcome="again"}': grows(10),
      'caudal_webhooks_total{host="acme.example",outcome="delivered"}': grows(10),
      'caudal_webhooks_total{host="acme.example",outcome="parked"}': grows(90),
    },
    at: '30m',
    labels: { host: 'acme.example' },
  },
  {
    alert: 'CaudalLeftOut',
    // The series begins with the first record that a gateway leaves out.
    fires: { 'caudal_left_out_total{instance="a",topic="llm.failed",what="record"}': '_x60 1x60' },
    // A gateway that is started again meets the records of before once more.
    silent: {
      'caudal_left_out_total{instance="a",topic="llm.failed",what="record"}': '7x65 _x55',
      'caudal_left_out_total{instance="b",topic="llm.failed",what="record"}': '_x66 7x54',
    },
    at: '70m',
    labels: { topic: 'llm.failed', what: 'record' },
  },
  {
    alert: 'CaudalLeftOut',
    fires: { 'caudal_left_out_total{topic="llm.intake",what="gap"}': '3x100 4x20' },
    // An hour after the record.
    silent: { 'caudal_left_out_total{topic="llm.intake",what="gap"}': '3x40 4x80' },
    at: '110m',
    labels: { topic: 'llm.intake', what: 'gap' },
  },
  {
    alert: 'CaudalDatabaseBehind',
    fires: { 'caudal_checkpoint_age_seconds{stage="persist"}': stays(301) },
    silent: {
      'caudal_checkpoint_age_seconds{stage="chronicle-intake"}': stays(300),
      'caudal_checkpoint_age_seconds{stage="generate"}': stays(900),
    },
    at: '5m',
    labels: { stage: 'persist' },
  },
  {
    alert: 'CaudalCacheHitsLow',
    fires: lookUps([60, 40], [49, 51]),
    silent: lookUps([60, 40], [51, 49]),
    at: `${DAY + 2 * HOUR}m`,
  },
  {
    alert: 'CaudalCacheHitsLow',
    // A cache that was emptied, behind a gateway that has found nothing since its start.
    fires: lookUps([60, 40], ['_', 100]),
    // Questions that have never been repeated much.
    silent: lookUps([40, 60], [40, 60]),
    at: `${DAY + 2 * HOUR}m`,
  },
]
