/** The alerts on questions, models, money and the cache: series at which each fires, and series at which it is silent. */
import { type AlertCase, DAY, grows, HOUR, restarted, type Series, stays } from './alert-series.ts'

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

export const ANSWER_ALERT_CASES: readonly AlertCase[] = [
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
      'caudal_answers_delivered_total{task_type="qa"}': grows(94),
    },
    silent: {
      'caudal_answers_failed_total{reason="attempts_used_up"}': grows(5),
      'caudal_answers_failed_total{reason="invalid_input"}': grows(50),
      'caudal_answers_delivered_total{task_type="qa"}': grows(96),
    },
    at: '30m',
  },
  {
    alert: 'CaudalQuestionsGivenUp',
    // No answer is delivered, so no pod has that series.
    fires: { 'caudal_answers_failed_total{reason="attempts_used_up"}': grows(1) },
    // One question is given up and nothing comes in.
    silent: {
      'caudal_answers_failed_total{reason="attempts_used_up"}': '0x24 1x60',
      'caudal_records_in_total{stage="ingest"}': stays(9),
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
    alert: 'CaudalModelErrors',
    // Every call fails, so no pod has a series of good ones.
    fires: { 'caudal_model_calls_total{model="m",outcome="timeout"}': grows(5) },
    silent: { 'caudal_model_calls_total{model="m",outcome="ok"}': grows(5) },
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
    alert: 'CaudalCostHigh',
    // The series begins with all that was spent between two scrapes.
    fires: { 'caudal_cost_usd_total{model="m",task_type="qa"}': '_x70 51x50' },
    silent: {
      'caudal_cost_usd_total{model="m",task_type="qa"}': '_x70 50x50',
      // Prometheus was down for ten minutes, an hour before.
      'caudal_cost_usd_total{model="old",task_type="qa"}': '900x35 _x10 900x75',
    },
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
    alert: 'CaudalCostJump',
    // A new model is used, next to the one of the day before.
    fires: {
      'caudal_cost_usd_total{model="m",task_type="qa"}': `0+0.01x${DAY + 3 * HOUR}`,
      'caudal_cost_usd_total{model="new",task_type="qa"}': `_x${DAY + 2 * HOUR} 1.5x60`,
    },
    silent: {
      'caudal_cost_usd_total{model="m",task_type="qa"}': `0+0.01x${DAY + 3 * HOUR}`,
      'caudal_cost_usd_total{model="then",task_type="qa"}': `_x${2 * HOUR} 1.5x60`,
      'caudal_cost_usd_total{model="new",task_type="qa"}': `_x${DAY + 2 * HOUR} 1.5x60`,
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
    alert: 'CaudalUnpricedCalls',
    // The series begins with 200 calls, between two scrapes.
    fires: { 'caudal_unpriced_calls_total{model="new"}': '_x60 200x60' },
    // A quarter of an hour later.
    silent: { 'caudal_unpriced_calls_total{model="new"}': '_x50 200x70' },
    at: '70m',
    labels: { model: 'new' },
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
  {
    alert: 'CaudalCacheHitsLow',
    // The gateway was not there a day ago.
    fires: {
      'cache_hits_total{cache_type="q"}': grows(49),
      'cache_misses_total{cache_type="q"}': grows(51),
    },
    silent: {
      'cache_hits_total{cache_type="q"}': grows(51),
      'cache_misses_total{cache_type="q"}': grows(49),
    },
    at: '90m',
  },
]
