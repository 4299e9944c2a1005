/** Answers: how good they are, how many tries they took, by task type and version of the prompt. */
import { type Dashboard, quantile, query, rate, share, sumBy } from './panel.ts'

const SCORE = 'caudal_answer_score'
const JUDGED = sumBy('task_type, prompt_version', rate('caudal_answers_judged_total'))

export const ANSWERS: Dashboard = {
  uid: 'caudal-answers',
  title: 'Caudal: answers',
  says: 'How good answers are, and how many tries they took.',
  rows: [
    {
      title: 'Quality',
      panels: [
        {
          title: 'Delivered, by task type',
          says: 'A type that stops while others flow has a fault of its own.',
          kind: 'stacked',
          unit: 'ops',
          queries: [query(sumBy('task_type', rate('caudal_answers_delivered_total')), '{{task_type}}')],
        },
        {
          title: 'Mean score, by criterion',
          says: 'One criterion that falls alone names what became worse.',
          kind: 'line',
          unit: 'short',
          queries: [
            query(
              share(sumBy('criterion', rate(`${SCORE}_sum`)), sumBy('criterion', rate(`${SCORE}_count`))),
              '{{criterion}}',
            ),
          ],
        },
        {
          title: 'Median final score, by task type',
          says: 'Near the threshold, half of the answers are bought twice.',
          kind: 'line',
          unit: 'short',
          queries: [query(quantile(0.5, SCORE, 'task_type', 'criterion="final"'), '{{task_type}}')],
        },
        {
          title: 'Delivered below the threshold',
          says: 'Above a tenth, the model or the prompt is not fit for its task.',
          kind: 'line',
          unit: 'percentunit',
          limits: [0.1, 0.3],
          queries: [
            query(
              share(
                `(${sumBy('', rate('caudal_answers_delivered_total', 'below_threshold="true"'))} or vector(0))`,
                sumBy('', rate('caudal_answers_delivered_total')),
              ),
              'below',
            ),
          ],
        },
      ],
    },
    {
      title: 'Tries',
      panels: [
        {
          title: 'Judged, by outcome',
          says: 'again is an answer that is bought once more; below is one that no try made good.',
          kind: 'stacked',
          unit: 'ops',
          queries: [query(sumBy('outcome', rate('caudal_answers_judged_total')), '{{outcome}}')],
        },
        {
          title: 'Passed at once, by version of the prompt',
          says: 'A new version that lies below the old one costs more for worse answers.',
          kind: 'line',
          unit: 'percentunit',
          queries: [
            query(
              share(
                // A version that never passes has no series of passed ones.
                `(${sumBy('task_type, prompt_version', rate('caudal_answers_judged_total', 'outcome="passed"'))} or 0 * ${JUDGED})`,
                JUDGED,
              ),
              '{{task_type}} {{prompt_version}}',
            ),
          ],
        },
        {
          title: 'Tries for a delivered answer',
          says: 'Two and more on average means that most questions are paid for twice.',
          kind: 'line',
          unit: 'short',
          limits: [1.5, 2],
          queries: [
            query(
              share(
                sumBy('', rate('caudal_answer_attempts_sum')),
                sumBy('', rate('caudal_answer_attempts_count')),
              ),
              'tries',
            ),
          ],
        },
        {
          title: 'Time of a call',
          says: 'What the provider takes. Latency of answers cannot be below twice the median.',
          kind: 'line',
          unit: 's',
          queries: [0.5, 0.95].map(each =>
            query(
              quantile(each, 'caudal_model_call_duration_seconds', 'provider'),
              `{{provider}} p${each * 100}`,
            ),
          ),
        },
      ],
    },
  ],
}
