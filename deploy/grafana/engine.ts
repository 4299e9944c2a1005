/** Engine: commits, tasks, state, and what a pod takes of its machine. */
import { type Dashboard, metric, quantile, query, rate, share, sumBy } from './panel.ts'

const PHASES = ['restoring', 'blocked', 'leaving'] as const

export const ENGINE: Dashboard = {
  uid: 'caudal-engine',
  title: 'Caudal: engine',
  says: 'Commits, tasks, state, and what a pod takes of its machine.',
  rows: [
    {
      title: 'Commits',
      panels: [
        {
          title: 'Commits a second',
          says: 'Nothing while records wait means that the log takes no writes.',
          kind: 'line',
          unit: 'ops',
          queries: [query(sumBy('instance', rate('caudal_commits_total')), '{{instance}}')],
        },
        {
          title: 'Time of a commit',
          says: 'Tens of milliseconds are usual. Seconds mean slow brokers, and latency follows.',
          kind: 'line',
          unit: 's',
          limits: [0.5, 2],
          queries: [
            query(quantile(0.5, 'caudal_commit_duration_seconds'), 'p50'),
            query(quantile(0.99, 'caudal_commit_duration_seconds'), 'p99'),
          ],
        },
        {
          title: 'Records a commit',
          says: 'Large under load is right: commits gather what came meanwhile.',
          kind: 'line',
          unit: 'short',
          queries: [
            query(
              share(sumBy('', rate('caudal_commit_records_total')), sumBy('', rate('caudal_commits_total'))),
              'records',
            ),
          ],
        },
        {
          title: 'Oldest effect that is not committed',
          says: 'Above a second no record is started; growing means that commits are stalled.',
          kind: 'line',
          unit: 's',
          limits: [1, 10],
          queries: [query(`max by (instance) (${metric('caudal_uncommitted_age_seconds')})`, '{{instance}}')],
        },
      ],
    },
    {
      title: 'Tasks and state',
      panels: [
        {
          title: 'Tasks, by pod',
          says: 'Uneven for more than a minute means that pods come and go.',
          kind: 'stacked',
          unit: 'short',
          queries: [query(sumBy('instance', metric('caudal_tasks')), '{{instance}}')],
        },
        {
          title: 'Tasks that do not run',
          says: 'Restoring and leaving pass. A blocked task waits for a person: caudal lag and the log say why.',
          kind: 'line',
          unit: 'short',
          limits: [1, 10],
          queries: PHASES.map(phase => query(sumBy('', metric(`caudal_tasks_${phase}`)), phase)),
        },
        {
          title: 'Checkpoint age, by stage',
          says: 'Time since a source with unfinished records was committed further: one slow record holds it.',
          kind: 'line',
          unit: 's',
          limits: [120, 600],
          queries: [query(`max by (stage) (${metric('caudal_checkpoint_age_seconds')})`, '{{stage}}')],
        },
        {
          title: 'Entries of state, by stage',
          says: 'Growing without end means that state has no time to live.',
          kind: 'line',
          unit: 'short',
          queries: [query(sumBy('stage', metric('caudal_state_entries')), '{{stage}}')],
        },
        {
          title: 'Size of state, by stage',
          says: 'What the local copies take. It must fit the memory, or the volume, of a pod that takes all tasks of another.',
          kind: 'line',
          unit: 'bytes',
          queries: [query(sumBy('stage', metric('caudal_state_bytes')), '{{stage}}')],
        },
        {
          title: 'Rebalances and fences',
          says: 'One at each start and stop of a pod. Steady ones mean pods that lose their session.',
          kind: 'line',
          unit: 'ops',
          queries: [
            query(sumBy('', rate('caudal_rebalances_total')), 'joins'),
            query(sumBy('', rate('caudal_fences_total')), 'fences'),
            query(sumBy('', rate('caudal_stalls_total')), 'stalls'),
          ],
        },
        {
          title: 'How late delays end',
          says: 'Far above a second means that the delay stage has no turn, or that pods are few.',
          kind: 'line',
          unit: 's',
          queries: [query(quantile(0.95, 'caudal_delay_late_seconds', '', 'stage="delay"'), 'p95')],
        },
      ],
    },
    {
      title: 'Machine',
      panels: [
        {
          title: 'Event loop delay, p99',
          says: 'Above 100 ms, something computes for long in one turn; heartbeats suffer above seconds.',
          kind: 'line',
          unit: 's',
          limits: [0.1, 1],
          queries: [
            query(
              `max by (instance) (${metric('caudal_event_loop_delay_seconds', 'percentile="99"')})`,
              '{{instance}}',
            ),
          ],
        },
        {
          title: 'Event loop in use',
          says: 'Near 100 % a pod is bound by its processor: add pods.',
          kind: 'line',
          unit: 'percentunit',
          limits: [0.8, 0.95],
          queries: [query(metric('caudal_event_loop_utilization'), '{{instance}}')],
        },
        {
          title: 'Memory',
          says: 'Growing for hours at equal load is a leak. The limit of the container must stay above it.',
          kind: 'line',
          unit: 'bytes',
          queries: [query(metric('process_resident_memory_bytes'), '{{instance}}')],
        },
        {
          title: 'Free room on the disk',
          says: 'Local copies can be read again from the log, but a full disk releases its tasks.',
          kind: 'line',
          unit: 'percentunit',
          queries: [
            query(
              `${metric('caudal_data_free_bytes')} / ${metric('caudal_data_size_bytes')}`,
              '{{instance}}',
            ),
          ],
        },
      ],
    },
  ],
}
