/** Money: what is spent, on what, for whom, and what of it was for nothing. */
import { type Dashboard, orNothing, query, rate, share, sumBy } from './panel.ts'

const A_MINUTE = 60
const USD = 'caudal_cost_usd_total'
const SPENT = sumBy('', rate(USD))
const DELIVERED = sumBy('', rate('caudal_answers_delivered_total'))

const perMinute = (by: string, name = USD): string => `${sumBy(by, rate(name))} * ${A_MINUTE}`

export const MONEY: Dashboard = {
  uid: 'caudal-money',
  title: 'Caudal: money',
  says: 'What is spent, on what, for whom, and what of it was for nothing.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'USD a minute',
          says: 'Of calls whose price is known. Three times the same hour of the day before is a reason to look.',
          kind: 'number',
          unit: 'currencyUSD',
          queries: [query(perMinute(''), 'spent')],
        },
        {
          title: 'USD an answer',
          says: 'Rises with regenerations, with longer prompts, and with a dearer model.',
          kind: 'number',
          unit: 'currencyUSD',
          queries: [query(share(SPENT, DELIVERED), 'an answer')],
        },
        {
          title: 'Spent on questions that were given up',
          says: 'Share of all that is spent. Above some per cent, attempts are too many or questions hopeless.',
          kind: 'number',
          unit: 'percentunit',
          limits: [0.02, 0.1],
          queries: [query(share(sumBy('', rate('caudal_undelivered_cost_usd_total')), SPENT), 'lost')],
        },
        {
          title: 'Calls without a price',
          says: 'Their cost is not in any figure here: name the price of the model in LLM_PRICES.',
          kind: 'number',
          unit: 'ops',
          limits: [0.001, 1],
          queries: [query(`${sumBy('', rate('caudal_unpriced_calls_total'))} or vector(0)`, 'unpriced')],
        },
      ],
    },
    {
      title: 'For what',
      panels: [
        {
          title: 'USD a minute, by model',
          says: 'A dear model that takes over is a fallback in use.',
          kind: 'stacked',
          unit: 'currencyUSD',
          queries: [query(perMinute('model'), '{{model}}')],
        },
        {
          title: 'USD a minute, by task type',
          says: 'A type whose cost grows without its answers has a prompt that became longer.',
          kind: 'stacked',
          unit: 'currencyUSD',
          queries: [query(perMinute('task_type'), '{{task_type}}')],
        },
        {
          title: 'USD a minute, by organisation',
          says: 'The twenty that cost most; the rest together as other.',
          kind: 'stacked',
          unit: 'currencyUSD',
          queries: [
            query(perMinute('organization', 'caudal_organization_cost_usd_total'), '{{organization}}'),
          ],
        },
        {
          title: 'Look-ups of answers in the cache',
          says: 'Found ones that fall mean that equal questions are bought again: the cache was emptied, or a prompt changed.',
          kind: 'line',
          unit: 'ops',
          // Gateways alone have the series.
          queries: [
            query(orNothing(sumBy('', rate('cache_hits_total', 'cache_type="q"'))), 'found'),
            query(orNothing(sumBy('', rate('cache_misses_total', 'cache_type="q"'))), 'not found'),
          ],
        },
        {
          title: 'Tokens a second',
          says: 'Prompt tokens that grow alone are histories or documents that became longer.',
          kind: 'line',
          unit: 'short',
          queries: [query(sumBy('type', rate('caudal_model_tokens_total')), '{{type}}')],
        },
      ],
    },
  ],
}
