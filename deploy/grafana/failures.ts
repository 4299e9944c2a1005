/** Errors: what fails, what is repeated, what is given up, and which provider is not called. */
import { type Dashboard, metric, orNothing, query, rate, share, sumBy } from './panel.ts'

export const ERRORS: Dashboard = {
  uid: 'caudal-errors',
  title: 'Caudal: errors',
  says: 'What fails, what is repeated, what is given up, and which provider is not called.',
  rows: [
    {
      title: 'Questions',
      panels: [
        {
          title: 'Given up, by reason',
          says: 'invalid_input is a fault of a producer; attempts_used_up is a fault of the model or of the question.',
          kind: 'line',
          unit: 'ops',
          queries: [query(sumBy('reason', rate('caudal_answers_failed_total')), '{{reason}}')],
        },
        {
          title: 'Failed calls, by what followed',
          says: 'parked costs no attempt and means an outage; failed means that a question was lost to its asker.',
          kind: 'line',
          unit: 'ops',
          queries: [
            query(
              sumBy('error_type, outcome', rate('caudal_answers_retried_total')),
              '{{error_type}} {{outcome}}',
            ),
          ],
        },
      ],
    },
    {
      title: 'Callers',
      panels: [
        {
          title: 'Requests that failed',
          says: 'Answers of the gateway with a status of 500 or more: a store or the log is away, or the gateway has a fault.',
          kind: 'line',
          unit: 'ops',
          queries: [query(orNothing(sumBy('', rate('http_requests_total', 'status_code=~"5.."'))), '5xx')],
        },
        {
          title: 'Webhooks, by what came of the call',
          says: 'Again and parked are endpoints in trouble; undelivered ones were given up and are dead letters.',
          kind: 'line',
          unit: 'ops',
          queries: ['delivered', 'again', 'parked', 'undelivered'].map(outcome =>
            query(orNothing(sumBy('', rate('caudal_webhooks_total', `outcome="${outcome}"`))), outcome),
          ),
        },
      ],
    },
    {
      title: 'Models',
      panels: [
        {
          title: 'Calls, by outcome',
          says: 'rate_limit slows down by itself; invalid in numbers is a wrong key or a wrong model.',
          kind: 'stacked',
          unit: 'ops',
          queries: [query(sumBy('outcome', rate('caudal_model_calls_total')), '{{outcome}}')],
        },
        {
          title: 'Failing share of calls, by model',
          says: 'Above a tenth for minutes, look at the status of the provider.',
          kind: 'line',
          unit: 'percentunit',
          limits: [0.1, 0.3],
          queries: [
            query(
              share(
                `(${sumBy('model', rate('caudal_model_calls_total', 'outcome!="ok"'))} or 0 * ${sumBy('model', rate('caudal_model_calls_total'))})`,
                sumBy('model', rate('caudal_model_calls_total')),
              ),
              '{{model}}',
            ),
          ],
        },
        {
          title: 'Breakers that are open',
          says: '1 means that the provider is not called and questions wait. It closes by itself.',
          kind: 'line',
          unit: 'short',
          limits: [0.5, 1],
          queries: [query(`max by (provider) (${metric('caudal_model_breaker_open')})`, '{{provider}}')],
        },
        {
          title: 'Calls that wait for their turn',
          says: 'More than the limit for long means that the provider takes fewer calls than are asked.',
          kind: 'line',
          unit: 'short',
          queries: [
            query(sumBy('', metric('caudal_model_calls_waiting')), 'waiting'),
            query(sumBy('', metric('caudal_model_calls_in_flight')), 'in flight'),
            query(sumBy('', metric('caudal_model_concurrency_limit')), 'limit'),
          ],
        },
      ],
    },
    {
      title: 'Records and the log',
      panels: [
        {
          title: 'Dead letters, by stage',
          says: 'Any is a fault of code or of data: caudal dlq list says which.',
          kind: 'line',
          unit: 'ops',
          queries: [query(sumBy('stage', rate('caudal_records_dead_total')), '{{stage}}')],
        },
        {
          title: 'Left out by gateways',
          says: 'Records that another program wrote into topics of the pipeline, or gaps. The first of a topic raises the alert alone.',
          kind: 'line',
          unit: 'ops',
          // No gateway has the series before it leaves a record out.
          queries: [query(orNothing(sumBy('', rate('caudal_left_out_total'))), 'left out')],
        },
        {
          title: 'Failed runs, by stage',
          says: 'Runs of operators that threw, before they are made again. Steady ones hide a fault.',
          kind: 'line',
          unit: 'ops',
          queries: [query(sumBy('stage', rate('caudal_records_failed_total')), '{{stage}}')],
        },
        {
          title: 'Connections to brokers that were lost',
          says: 'A few while a broker restarts; steady ones mean a broker in trouble.',
          kind: 'line',
          unit: 'ops',
          queries: [query(sumBy('', rate('caudal_log_disconnects_total')), 'disconnects')],
        },
        {
          title: 'Commits that failed',
          says: 'Nothing is lost by one. Many mean that pods fence each other, or that brokers refuse writes.',
          kind: 'line',
          unit: 'ops',
          queries: [query(sumBy('', rate('caudal_commits_failed_total')), 'failed')],
        },
      ],
    },
  ],
}
