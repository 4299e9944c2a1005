/** The OpenAPI document says what the gateway does. */
import { expect, it } from 'vitest'
import { openApi } from '#gateway/http/openapi.ts'
import { ROUTES } from '#gateway/http/routes.ts'
import { PROBLEMS } from '#gateway/problem.ts'

interface Described {
  readonly description: string
  readonly content: Readonly<Record<string, { readonly schema: Readonly<Record<string, object>> }>>
}
interface Method {
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody: Described
  readonly responses: Readonly<Record<string, Described>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Method>>>>
  readonly components: { readonly schemas: { readonly Problem: object } }
}

const document = openApi(ROUTES) as Document

it('the document has every route with the place of each input, the WebSocket, and no other', () => {
  const found = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  )
  const routes = ROUTES.map(({ method, path }) => `${method} ${path}`)
  expect(found.sort()).toEqual([...routes, 'GET /ws'].sort())
  const post = document.paths['/query']?.post
  expect(post?.parameters.map(each => `${each.in} ${each.name}`)).toEqual([
    'query wait',
    'header idempotency-key',
  ])
  const schema = post?.requestBody.content['application/json']?.schema
  expect(schema).toMatchObject({ required: ['title'], additionalProperties: false })
  expect(schema?.properties).not.toHaveProperty('wait')
})

it('each route has an id of its own, also where two lead to one operation', () => {
  const ids = Object.values(document.paths).flatMap(methods =>
    Object.values<Method & { readonly operationId?: string }>(methods).map(({ operationId }) => operationId),
  )
  expect(new Set(ids).size).toBe(ids.length)
})

it('the document says how a WebSocket is opened, and which problems can refuse it', () => {
  const responses = document.paths['/ws']?.get?.responses
  expect(Object.keys(responses ?? {})).toContain('101')
  for (const code of ['unauthenticated', 'origin_refused', 'scope_missing', 'upgrade_needed'])
    expect(JSON.stringify(responses)).toContain(`${code}:`)
})

it('the document lists every problem of the catalogue, and at each route the problems of that route', () => {
  expect(document.components.schemas.Problem).toHaveProperty('properties.code.enum', Object.keys(PROBLEMS))
  const responses = document.paths['/task/{id}']?.get?.responses
  expect(responses?.[404]?.description).toContain('task_unknown')
  expect(responses?.[200]?.content['application/json']?.schema.properties).toHaveProperty('state')
})
