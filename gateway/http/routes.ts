/** The table of routes: which operation answers which method and path, and where its input stands in a request. */
import { allEvents } from '../handlers/all-events.ts'
import { answersPage } from '../handlers/answers.ts'
import { batch } from '../handlers/batch.ts'
import { batchCounts } from '../handlers/batch-counts.ts'
import { brakeRelease, brakeSetting, brakes } from '../handlers/brakes.ts'
import { cacheDeletion, cacheStatistics } from '../handlers/cache.ts'
import { chatCompletions } from '../handlers/chat.ts'
import { costs } from '../handlers/costs.ts'
import { taskEvents } from '../handlers/events.ts'
import { failureGroup, failures } from '../handlers/failures.ts'
import { flow } from '../handlers/flow.ts'
import { history } from '../handlers/history.ts'
import { inProgress } from '../handlers/in-progress.ts'
import { processText } from '../handlers/process.ts'
import { query } from '../handlers/query.ts'
import { replayList, replayPreview, replayStart, replayStop } from '../handlers/replays.ts'
import { sessionChange, sessionCreation, sessionEnd, sessionReading } from '../handlers/sessions.ts'
import { state, stateInQuery } from '../handlers/state.ts'
import { task } from '../handlers/task.ts'
import { tasks } from '../handlers/tasks.ts'
import { topicRecords } from '../handlers/topic-records.ts'
import { topics } from '../handlers/topics.ts'
import { trialReading, trialStart, trialStop } from '../handlers/trials.ts'
import { versionComparison } from '../handlers/version-comparison.ts'
import { versionLive } from '../handlers/version-live.ts'
import { versions } from '../handlers/versions.ts'
import { whoami } from '../handlers/whoami.ts'
import { workers } from '../handlers/workers.ts'
import type { Operation } from '../operation.ts'

export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Parameters of the path in braces, as OpenAPI writes them. */
  readonly path: string
  readonly operation: Operation
  /** Fields of the input that stand in the query of the address. */
  readonly query?: readonly string[]
  /** The field that the whole body is: a JSON value, or a list of them as lines. Else the body is an object of fields. */
  readonly wholeBody?: string
  /** Larger than those of other routes. */
  readonly bodyBytesMax?: number
  /** Fields of the input that stand in headers, with the name of each header. */
  readonly headers?: Readonly<Record<string, string>>
  /** How problems and streams look; RFC 9457 and events by name when left out. */
  readonly dialect?: Dialect
}

/** `openai`: as clients of OpenAI's API read them. */
export type Dialect = 'openai'

/** The operation on a second route. Its input stands in the query there: a dot or two are no part of a path. */
const inQuery = (operation: Operation): Operation => ({ ...operation, name: `${operation.name}_in_query` })

const IDEMPOTENT = { idempotency_key: 'idempotency-key' } as const

export const ROUTES: readonly HttpRoute[] = [
  { method: 'POST', path: '/query', operation: query, query: ['wait'], headers: IDEMPOTENT },
  { method: 'POST', path: '/process', operation: processText, headers: IDEMPOTENT },
  {
    method: 'POST',
    path: '/batch',
    operation: batch,
    headers: { ...IDEMPOTENT, callback: 'webhook-callback' },
    wholeBody: 'items',
    bodyBytesMax: 4_000_000,
  },
  {
    method: 'POST',
    path: '/v1/chat/completions',
    operation: chatCompletions,
    query: ['wait'],
    headers: IDEMPOTENT,
    dialect: 'openai',
  },
  { method: 'GET', path: '/batch/{id}', operation: batchCounts },
  { method: 'GET', path: '/task/{id}', operation: task, query: ['wait'] },
  { method: 'GET', path: '/task/{id}/history', operation: history, query: ['organization'] },
  {
    method: 'GET',
    path: '/task/{id}/events',
    operation: taskEvents,
    query: ['organization'],
    headers: { last_event_id: 'last-event-id' },
  },
  { method: 'GET', path: '/task', operation: inQuery(task), query: ['id', 'wait'] },
  { method: 'GET', path: '/tasks/history', operation: inQuery(history), query: ['id', 'organization'] },
  {
    method: 'GET',
    path: '/tasks/events',
    operation: inQuery(taskEvents),
    query: ['id', 'organization'],
    headers: { last_event_id: 'last-event-id' },
  },
  {
    method: 'GET',
    path: '/events',
    operation: allEvents,
    query: ['task_type', 'kind'],
    headers: { last_event_id: 'last-event-id' },
  },
  {
    method: 'GET',
    path: '/answers',
    operation: answersPage,
    query: ['since', 'task_type', 'below', 'q', 'limit', 'cursor'],
  },
  { method: 'GET', path: '/whoami', operation: whoami },
  { method: 'GET', path: '/workers', operation: workers },
  { method: 'GET', path: '/cache/statistics', operation: cacheStatistics },
  { method: 'DELETE', path: '/cache', operation: cacheDeletion, query: ['prefix'] },
  { method: 'POST', path: '/sessions', operation: sessionCreation },
  { method: 'GET', path: '/sessions/{id}', operation: sessionReading },
  { method: 'PATCH', path: '/sessions/{id}', operation: sessionChange },
  { method: 'DELETE', path: '/sessions/{id}', operation: sessionEnd },
  {
    method: 'GET',
    path: '/tasks',
    operation: tasks,
    query: [
      ...['q', 'organization', 'task_type', 'state', 'since', 'until', 'below', 'above_usd', 'attempts'],
      ...['error_type', 'model', 'prompt_version'],
      ...['paid_from', 'paid_to', 'paid_for', 'limit', 'cursor'],
    ],
  },
  { method: 'GET', path: '/costs', operation: costs, query: ['by', 'organization', 'from', 'to'] },
  {
    method: 'GET',
    path: '/versions',
    operation: versions,
    query: ['task_type', 'organization', 'from', 'to'],
  },
  {
    method: 'GET',
    path: '/versions/compare',
    operation: versionComparison,
    query: [
      ...['task_type', 'a', 'b', 'a_model', 'b_model', 'organization', 'from', 'to', 'limit', 'cursor'],
    ],
  },
  { method: 'PUT', path: '/versions/live', operation: versionLive },
  { method: 'POST', path: '/trials', operation: trialStart },
  { method: 'GET', path: '/trials/{id}', operation: trialReading, query: ['limit'] },
  { method: 'DELETE', path: '/trials/{id}', operation: trialStop, query: ['reason'] },
  { method: 'GET', path: '/flow', operation: flow },
  { method: 'GET', path: '/in-progress', operation: inProgress, query: ['stage'] },
  { method: 'GET', path: '/failures', operation: failures },
  { method: 'GET', path: '/failures/replays', operation: replayList },
  { method: 'POST', path: '/failures/previews', operation: replayPreview },
  { method: 'POST', path: '/failures/replays', operation: replayStart },
  { method: 'DELETE', path: '/failures/replays/{id}', operation: replayStop },
  { method: 'GET', path: '/failures/{group}', operation: failureGroup },
  { method: 'GET', path: '/topics', operation: topics },
  {
    method: 'GET',
    path: '/topics/{topic}/records',
    operation: topicRecords,
    query: ['partition', 'from', 'record_key', 'filter', 'limit', 'cursor', 'whole'],
    headers: { last_event_id: 'last-event-id' },
  },
  { method: 'GET', path: '/state/{operator}/{key}', operation: state },
  { method: 'GET', path: '/state', operation: stateInQuery, query: ['operator', 'record_key'] },
  { method: 'GET', path: '/brakes', operation: brakes },
  { method: 'PUT', path: '/brakes/{scope}', operation: brakeSetting },
  { method: 'DELETE', path: '/brakes/{scope}', operation: brakeRelease },
]

export const pathFields = ({ path }: HttpRoute): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
