/** The table of routes: which operation answers which method and path, and where its input stands in a request. */
import { allEvents } from '../handlers/all-events.ts'
import { answersPage } from '../handlers/answers.ts'
import { taskEvents } from '../handlers/events.ts'
import { history } from '../handlers/history.ts'
import { processText } from '../handlers/process.ts'
import { query } from '../handlers/query.ts'
import { task } from '../handlers/task.ts'
import { workers } from '../handlers/workers.ts'
import type { Operation } from '../operation.ts'

export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Parameters of the path in braces, as OpenAPI writes them. */
  readonly path: string
  readonly operation: Operation
  /** Fields of the input that stand in the query of the address. */
  readonly query?: readonly string[]
  /** Fields of the input that stand in headers, with the name of each header. */
  readonly headers?: Readonly<Record<string, string>>
}

const IDEMPOTENT = { idempotency_key: 'idempotency-key' } as const

export const ROUTES: readonly HttpRoute[] = [
  { method: 'POST', path: '/query', operation: query, query: ['wait'], headers: IDEMPOTENT },
  { method: 'POST', path: '/process', operation: processText, headers: IDEMPOTENT },
  { method: 'GET', path: '/task/{id}', operation: task, query: ['wait'] },
  { method: 'GET', path: '/task/{id}/history', operation: history },
  {
    method: 'GET',
    path: '/task/{id}/events',
    operation: taskEvents,
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
  { method: 'GET', path: '/workers', operation: workers },
]

export const pathFields = ({ path }: HttpRoute): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
