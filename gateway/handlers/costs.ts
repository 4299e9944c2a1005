/** `GET /costs`: what calls cost, added up from the history. */
import { COST_KEYS, type CostRow } from '#stores/history.ts'
import { found, operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { invalid, Problem } from '../problem.ts'
import { FOR_ORGANIZATION, narrowedTo } from './acting.ts'
import { noHistory } from './history.ts'
import { timeOf } from './times.ts'
import { iso } from './views.ts'

const DAY_MS = 86_400_000

export const costs = operation({
  name: 'costs',
  summary: 'Adds up what calls cost, by organisation, task type, model, prompt version or attempt.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      by: { type: 'string', enum: COST_KEYS, description: 'What is added up; task_type when left out.' },
      organization: FOR_ORGANIZATION,
      from: {
        type: 'string',
        maxLength: 40,
        description: 'From this time on, ISO 8601; a day ago when left out.',
      },
      to: { type: 'string', maxLength: 40, description: 'Before this time, ISO 8601; now when left out.' },
    },
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      from: { type: 'string', description: 'ISO 8601.' },
      to: { type: 'string', description: 'ISO 8601.' },
      costs: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            key: { type: 'string', description: 'Empty where a call has none.' },
            calls: { type: 'integer', description: 'Calls that brought a reply.' },
            tokens: { type: 'integer', description: 'Tokens that were sent and generated.' },
            usd: { type: 'number', description: 'Of the calls whose price is known.' },
            usd_undelivered: {
              type: 'number',
              description: 'Part of usd: replies of no use, and all calls of runs that failed.',
            },
            unpriced: { type: 'integer', description: 'Calls whose price is not known: they are in no sum.' },
          },
          required: ['key', 'calls', 'tokens', 'usd', 'usd_undelivered', 'unpriced'],
          additionalProperties: false,
        },
      },
    },
    required: ['from', 'to', 'costs'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'store_unavailable'],
  async run({ history, system }, { by = 'task_type', organization, from, to }, call) {
    if (!history) return noHistory()
    const end = to === undefined ? system.now() + 1 : timeOf(to)
    const start = from === undefined ? Math.max(0, end - DAY_MS) : timeOf(from)
    if (Number.isNaN(end)) return invalid([{ pointer: '/to', reason: 'must be a time of ISO 8601' }])
    if (Number.isNaN(start)) return invalid([{ pointer: '/from', reason: 'must be a time of ISO 8601' }])
    const key = COST_KEYS.find(each => each === by) ?? 'task_type'
    const wanted = { by: key, organization: narrowedTo(call, organization), from: start, to: end }
    const rows = await orAway(history.costs(wanted))
    if (rows instanceof Problem) return rows
    return found({
      from: iso(start),
      to: iso(end),
      costs: rows.map(view),
    })
  },
})

const view = ({ key, calls, tokens, usd, usdUndelivered, unpriced }: CostRow): object => ({
  key,
  calls,
  tokens,
  usd,
  usd_undelivered: usdUndelivered,
  unpriced,
})
