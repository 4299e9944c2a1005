/** Throughput, the home page: whether questions flow, where they wait, and how long an answer takes. */
import { type Dashboard, metric, type Panel, quantile, query, rate, share, sumBy } from './panel.ts'

const STATES = ['busy', 'back_pressured', 'idle'] as const
/** Records of the delay tiers wait for their time, which is no backlog. */
const NOT_DELAYED = 'stage!="delay"'

const LAG = sumBy('stage', metric('caudal_source_lag_records', NOT_DELAYED))
const TAKEN = sumBy('stage', rate('caudal_records_in_total', NOT_DELAYED))

const timeOf = (state: string): string => sumBy('stage', rate(`caudal_stage_${state}_seconds_total`))
const ALL_TIME = STATES.map(timeOf).join(' + ')

const shareOf = (state: (typeof STATES)[number], title: string, says: string): Panel => ({
  title,
  says,
  kind: 'line',
  unit: 'percentunit',
  queries: [query(share(timeOf(state), `(${ALL_TIME})`), '{{stage}}')],
})

export const THROUGHPUT: Dashboard = {
  uid: 'caudal-throughput',
  title: 'Caudal: throughput',
  says: 'Whether questions flow, where they wait, and how long an answer takes.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Questions taken',
          says: 'Falls to nothing when producers stop or no pod reads; then look at lag.',
          kind: 'number',
          unit: 'ops',
          queries: [query(sumBy('', rate('caudal_records_in_total', 'stage="ingest"')), 'taken')],
        },
        {
          title: 'Answers delivered',
          says: 'Well below the questions taken means that answers wait, are made again, or fail.',
          kind: 'number',
          unit: 'ops',
          queries: [
            query(
              sumBy('', rate('caudal_topic_records_written_total', 'topic="datos_procesados"')),
              'delivered',
            ),
          ],
        },
        {
          title: 'Records that wait',
          says: 'Growing for minutes means that more comes in than is done; more pods help up to the partitions.',
          kind: 'number',
          unit: 'short',
          limits: [1_000, 10_000],
          queries: [query(sumBy('', metric('caudal_source_lag_records', NOT_DELAYED)), 'waiting')],
        },
        {
          title: 'Time to catch up',
          says: 'What waits over what is done in a second, of the slowest stage. Minutes are a backlog.',
          kind: 'number',
          unit: 's',
          limits: [120, 600],
          queries: [query(`max(${LAG} / clamp_min(${TAKEN}, 0.1))`, 'catch up')],
        },
        {
          title: 'Time to an answer, p95',
          says: 'Longer than the model takes for two calls means that questions wait or are asked again.',
          kind: 'number',
          unit: 's',
          limits: [30, 120],
          queries: [query(quantile(0.95, 'caudal_answer_duration_seconds'), 'p95')],
        },
        {
          title: 'Pods',
          says: 'Fewer than were started means that one is down or cannot be scraped.',
          kind: 'number',
          unit: 'short',
          queries: [query(`count(${metric('caudal_pod_info')})`, 'pods')],
        },
      ],
    },
    {
      title: 'Flow',
      panels: [
        {
          title: 'Records a second, by stage',
          says: 'A stage whose line is below that of the stage before it is where records gather.',
          kind: 'line',
          unit: 'ops',
          queries: [query(sumBy('stage', rate('caudal_records_in_total')), '{{stage}}')],
        },
        {
          title: 'Written, by topic',
          says: 'Committed records alone. llm.failed and the dead letters should be flat.',
          kind: 'line',
          unit: 'ops',
          queries: [query(sumBy('topic', rate('caudal_topic_records_written_total')), '{{topic}}')],
        },
        {
          title: 'Lag, by stage',
          says: 'Records that are not done. The first stage whose lag grows is the bottleneck.',
          kind: 'line',
          unit: 'short',
          queries: [query(LAG, '{{stage}}')],
        },
        {
          title: 'Time to catch up, by stage',
          says: 'Lag over the present rate. Above some minutes, scale out or look at the model.',
          kind: 'line',
          unit: 's',
          limits: [120, 600],
          queries: [query(`${LAG} / clamp_min(${TAKEN}, 0.1)`, '{{stage}}')],
        },
        {
          title: 'Time to an answer',
          says: 'From the event to the delivered answer. A p99 far above the p50 is retries and regenerations.',
          kind: 'line',
          unit: 's',
          queries: [0.5, 0.95, 0.99].map(each =>
            query(quantile(each, 'caudal_answer_duration_seconds'), `p${each * 100}`),
          ),
        },
        {
          title: 'Oldest record that waits, by stage',
          says: 'Fetched and not started. Growing one second a second means that the stage does not move.',
          kind: 'line',
          unit: 's',
          limits: [30, 120],
          queries: [
            query(`max by (stage) (${metric('caudal_oldest_waiting_seconds', NOT_DELAYED)})`, '{{stage}}'),
          ],
        },
      ],
    },
    {
      title: 'Capacity',
      panels: [
        {
          title: 'In flight, of its limit',
          says: 'At 100 % a stage starts no more: the model is slower than what comes in.',
          kind: 'line',
          unit: 'percentunit',
          limits: [0.8, 1],
          queries: [
            query(
              share(
                sumBy('stage', metric('caudal_records_in_flight')),
                sumBy('stage', metric('caudal_records_in_flight_limit')),
              ),
              '{{stage}}',
            ),
          ],
        },
        shareOf(
          'back_pressured',
          'Back-pressured',
          'Records wait that a stage may not start: it is full, or commits are behind.',
        ),
        shareOf('busy', 'Busy', 'Near 100 % for long means that the stage has no room left.'),
        shareOf(
          'idle',
          'Idle',
          'Near 100 % everywhere with lag means that pods read nothing: look at Engine.',
        ),
      ],
    },
  ],
}
