/** The table of routes: which operation answers which method and path, and where its input stands in a request. */
import { query } from '../handlers/query.ts'
import { task } from '../handlers/task.ts'
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
  { method: 'GET', path: '/task/{id}', operation: task, query: ['wait'] },
]

export const pathFields = ({ path }: HttpRoute): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
