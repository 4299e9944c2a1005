/** `GET /state/{operator}/{key}`: what an operator has stored under a key, as of the last commit. */
import type { StateEntry } from '#admin/state-desk.ts'
import { found, operation } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import { seesAll } from './acting.ts'
import { refusal } from './asking.ts'
import { RECORD, recordView } from './topic-records.ts'
import { boundTo } from './topics.ts'

const text = (description: string) => ({ type: 'string', description }) as const

/** One entry as a caller sees it. */
export const STATE_ENTRY = {
  type: 'object',
  properties: {
    kind: text('value, map for one entry of a map, or timer.'),
    state: text('Name of the state, or of the timer.'),
    name: text('Within the map.'),
    expired: {
      type: 'boolean',
      description: 'Its time to live is over: the operator does not see it any more.',
    },
    record: RECORD,
  },
  required: ['kind', 'state', 'expired', 'record'],
  additionalProperties: false,
} as const

export const state = operation({
  name: 'state',
  summary: 'Shows what an operator has stored under a key: values, maps and timers, as of the last commit.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      operator: { type: 'string', minLength: 1, maxLength: 200, description: 'Name of the operator.' },
      key: {
        type: 'string',
        minLength: 1,
        maxLength: 1_000,
        description: 'Key of the records.',
      },
    },
    required: ['operator', 'key'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      operator: text('As asked for.'),
      key: text('As asked for.'),
      entries: { type: 'array', items: STATE_ENTRY },
    },
    required: ['operator', 'key', 'entries'],
    additionalProperties: false,
  },
  problems: ['organization_bound', 'operator_unknown', 'store_absent', 'log_unavailable', 'stopping'],
  async run({ state: desk }, { operator, key }, call) {
    if (!seesAll(call)) return boundTo(call)
    if (!desk) return new Problem('store_absent', { detail: 'This gateway does not read state.' })
    if (!key.isWellFormed())
      return invalid([{ pointer: '/key', reason: 'has a lone surrogate, which no key has' }])
    if (!desk.hasOperator(operator))
      return new Problem('operator_unknown', { detail: 'GET /flow names the operators of each stage.' })
    try {
      return found({ operator, key, entries: (await desk.under(operator, key)).map(entryView) })
    } catch (error) {
      return refusal(error, 'Ask again.')
    }
  },
})

/** The same where a key is no part of a path. A field `key` in a query would be taken for a key of the gateway. */
export const stateInQuery = operation({
  ...state,
  name: 'state_in_query',
  input: {
    type: 'object',
    properties: {
      operator: state.input.properties.operator ?? {},
      record_key: state.input.properties.key ?? {},
    },
    required: ['operator', 'record_key'],
    additionalProperties: false,
  },
  run: (gateway, { operator, record_key: key }, call) => state.run(gateway, { operator, key }, call),
})

const entryView = ({ kind, state: name, name: inMap, isExpired, record }: StateEntry): object => ({
  ...{ kind, state: name, expired: isExpired, record: recordView(record) },
  ...(inMap !== undefined && { name: inMap }),
})
