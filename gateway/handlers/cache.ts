/** `GET /cache/statistics` and `DELETE /cache`: how the cache does, and how an organisation empties its own part. */

import { unlessAway } from '#core/unless-away.ts'
import { found, operation } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import { SESSION_NAMESPACE } from '../sessions.ts'

const count = (description: string) => ({ type: 'integer', description }) as const

const NO_CACHE = new Problem('store_absent', {
  detail: 'No cache is kept here: on Kafka it needs REDIS_URL.',
})

export const cacheStatistics = operation({
  name: 'cache_statistics',
  summary: 'Tells how often this gateway found what it looked for in the cache.',
  scope: 'operate',
  input: { type: 'object', properties: {}, additionalProperties: false },
  found: {
    type: 'object',
    properties: {
      namespaces: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            namespace: { type: 'string', description: 'Begins the keys: q for answers.' },
            hits: count('Look-ups that found a value.'),
            misses: count('Look-ups that found none.'),
            errors: count('Calls that failed.'),
            hit_rate: {
              type: 'number',
              description: 'Hits of all look-ups, from 0 to 1; absent before the first.',
            },
          },
          required: ['namespace', 'hits', 'misses', 'errors'],
          additionalProperties: false,
        },
      },
      semantic: {
        type: 'object',
        description: 'Of the semantic index, where it is on.',
        properties: {
          entries: count('Answers that it holds.'),
          searches: count('Questions that were looked up.'),
          hits: count('Questions that were answered.'),
          hit_rate: { type: 'number', description: 'Hits of all searches, from 0 to 1.' },
          mean_similarity: { type: 'number', description: 'Of the hits, from 0 to 1.' },
          refused: {
            type: 'object',
            properties: {},
            additionalProperties: true,
            description: 'Refusals of the guard by their rule.',
          },
          failed: count('Searches that the embedder failed.'),
          saved_usd: {
            type: 'number',
            description: 'What the answers of hits have cost, where it is known.',
          },
          off: {
            type: 'array',
            description: 'Task types that are switched off, and why.',
            items: {
              type: 'object',
              properties: { task_type: { type: 'string' }, reason: { type: 'string' } },
              additionalProperties: false,
            },
          },
        },
        additionalProperties: false,
      },
    },
    required: ['namespaces'],
    additionalProperties: false,
  },
  problems: ['store_absent'],
  run({ cache, semantic }) {
    if (!cache) return NO_CACHE
    const namespaces = Object.entries(cache.statistics()).map(([namespace, { hits, misses, errors }]) => ({
      ...{ namespace, hits, misses, errors },
      ...(hits + misses > 0 && { hit_rate: hits / (hits + misses) }),
    }))
    return found({ namespaces, ...(semantic && { semantic: semantic.statistics() }) })
  },
})

/** What is no copy of something else: a session that is lost ends a log-in. */
const KEPT = [`${SESSION_NAMESPACE}:`]

export const cacheDeletion = operation({
  name: 'cache_deletion',
  summary: 'Removes what the cache has of the organisation under keys that begin alike.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      prefix: {
        type: 'string',
        pattern: '^[a-z_]+:[!-~]{0,200}$',
        description: 'Begins the keys: q: for all answers, q: and an id for one.',
      },
    },
    required: ['prefix'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: { deleted: count('Entries that were removed.') },
    required: ['deleted'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'store_unavailable'],
  async run({ cache }, { prefix }, call) {
    if (!cache) return NO_CACHE
    if (prefix.includes('*'))
      return invalid([{ pointer: '/prefix', reason: 'must be a beginning, without *' }])
    if (KEPT.some(kept => prefix.startsWith(kept)))
      return invalid([{ pointer: '/prefix', reason: 'is of sessions: DELETE /sessions/{id} ends one' }])
    const deleted = await unlessAway(cache.deleteMatching(call.caller.organization, `${prefix}*`))
    return deleted === undefined ? new Problem('store_unavailable', { retryAfterS: 1 }) : found({ deleted })
  },
})
