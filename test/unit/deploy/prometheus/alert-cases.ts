/** For each alert, series at which it fires and series at the edge at which it does not. */
import { type AlertCase, grows, restarted, stays } from './alert-series.ts'
import { ANSWER_ALERT_CASES } from './answer-alert-cases.ts'

export const ALERT_CASES: readonly AlertCase[] = [
  ...ANSWER_ALERT_CASES,
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
    alert: 'CaudalWebhookEndpointFailing',
    // The breaker of the endpoint is open: no message is called with.
    fires: {
      'caudal_webhooks_total{host="acme.example",outcome="again"}': '0+1x10 10x110',
      'caudal_webhooks_total{host="acme.example",outcome="parked"}': `0x10 ${grows(1)}`,
    },
    silent: {
      'caudal_webhooks_total{host="acme.example",outcome="again"}': '0+1x10 10x110',
      'caudal_webhooks_total{host="acme.example",outcome="parked"}': stays(5),
    },
    at: '60m',
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
]
