/** The OpenAPI document, made from the table of routes and the schemas of its operations. */
import { PROBLEMS, type ProblemCode } from '../problem.ts'
import type { InputSchema, Schema } from '../schema.ts'
import { WEBSOCKET_PATH } from '../websocket/web-sockets.ts'
import { LINES_TYPE } from './bodies.ts'
import { bodySchemaOf, hasFields, placesOf } from './input.ts'
import { PROBLEM_TYPE } from './problem-reply.ts'
import type { Dialect, HttpRoute } from './routes.ts'

/** Those that any operation may answer with. */
const OF_ALL: readonly ProblemCode[] = [
  'invalid_request',
  'request_malformed',
  'key_in_address',
  'unauthenticated',
  'loopback_only',
  'origin_refused',
  'scope_missing',
  'rate_limited',
  'headers_too_large',
  'internal',
  'starting',
]
const OF_BODIES: readonly ProblemCode[] = ['not_json', 'too_slow', 'too_large', 'media_type_unknown']

const PROBLEM: Schema = {
  type: 'object',
  description: 'RFC 9457.',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(PROBLEMS), description: 'One of the catalogue.' },
    detail: { type: 'string', description: 'What happened this time, then what to do.' },
    faults: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          pointer: { type: 'string', description: 'JSON pointer to what is at fault.' },
          reason: { type: 'string' },
        },
        required: ['pointer', 'reason'],
        additionalProperties: false,
      },
    },
    trace_id: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'code'],
  additionalProperties: false,
}

const OF_WEBSOCKETS: readonly ProblemCode[] = [
  ...['unauthenticated', 'loopback_only', 'origin_refused', 'scope_missing', 'key_in_address'],
  ...['rate_limited', 'starting', 'upgrade_needed'],
] as const

const OPENAI_ERROR: Schema = {
  type: 'object',
  description: 'As the API of OpenAI has it.',
  properties: {
    error: {
      type: 'object',
      properties: {
        message: { type: 'string', description: 'What happened, then what to do.' },
        type: { type: 'string' },
        param: { description: 'The field at fault, or null.' },
        code: { type: 'string', description: 'One of the catalogue, or the word of that API for it.' },
      },
      required: ['message', 'type', 'param', 'code'],
      additionalProperties: false,
    },
  },
  required: ['error'],
  additionalProperties: false,
}

export function openApi(routes: readonly HttpRoute[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Caudal gateway',
      version: '1',
      description: 'Questions in, judged answers out. Unknown fields and fields of a wrong type are refused.',
    },
    paths: { ...paths, [WEBSOCKET_PATH]: { get: webSocketOperation() } },
    components: {
      schemas: { Problem: PROBLEM, OpenAiError: OPENAI_ERROR },
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'A key of caudal key create. None are needed where none are set.',
        },
      },
    },
  }
}

/** OpenAPI has no words for what a WebSocket carries: docs/gateway.md has them. */
const webSocketOperation = (): object => ({
  operationId: 'web_socket',
  summary: 'Opens a WebSocket, which carries the streams of events as messages of JSON.',
  description: 'A key needs the scope read. Messages subscribe to the streams events and task_events.',
  security: [{ key: ['read'] }],
  responses: { 101: { description: 'It is open.' }, ...responsesOf(OF_WEBSOCKETS, undefined) },
})

function operationOf(route: HttpRoute): object {
  const { name, summary, scope, found, accepted, isStream, mayStream, problems } = route.operation
  const { body, query, path, headers } = placesOf(route)
  const takesBody = hasFields(body)
  const quota: readonly ProblemCode[] = scope === 'ask' ? ['quota_used_up'] : []
  const codes = [...OF_ALL, ...(takesBody ? OF_BODIES : []), ...quota, ...problems]
  const parameters = [
    ...parametersOf(path, 'path'),
    ...parametersOf(query, 'query'),
    ...parametersOf(headers, 'header', route.headers),
  ]
  return {
    operationId: name,
    summary,
    description: `A key needs the scope ${scope}.`,
    security: [{ key: [scope] }],
    ...(parameters.length > 0 && { parameters }),
    ...(takesBody && { requestBody: { required: true, content: bodyContentOf(route) } }),
    responses: {
      200: {
        description: 'It is there.',
        content: {
          ...(!isStream && contentOf(found)),
          ...((isStream || mayStream) && { 'text/event-stream': { schema: found } }),
        },
      },
      ...(isStream && { 204: { description: 'The client has the last event: there is no more.' } }),
      ...(accepted && { 202: { description: 'The log holds it.', content: contentOf(accepted) } }),
      ...responsesOf(codes, route.dialect),
    },
  }
}

function bodyContentOf(route: HttpRoute): object {
  const schema = bodySchemaOf(route, placesOf(route))
  const lines = schema.type === 'array' ? { [LINES_TYPE]: { schema: schema.items } } : {}
  return { ...contentOf(schema), ...lines }
}

const contentOf = (schema: Schema) => ({ 'application/json': { schema } })

function parametersOf(
  { properties, required = [] }: InputSchema,
  place: 'path' | 'query' | 'header',
  names: Readonly<Record<string, string>> = {},
): readonly object[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name: names[name] ?? name,
    in: place,
    required: required.includes(name),
    ...(schema.description !== undefined && { description: schema.description }),
    schema,
  }))
}

function responsesOf(codes: readonly ProblemCode[], dialect: Dialect | undefined): object {
  const content =
    dialect === 'openai'
      ? { 'application/json': { schema: { $ref: '#/components/schemas/OpenAiError' } } }
      : { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } }
  const byStatus = Map.groupBy(codes, code => PROBLEMS[code][0])
  return Object.fromEntries(
    [...byStatus].map(([status, all]) => [
      status,
      {
        description: all.map(code => `${code}: ${PROBLEMS[code][1]}`).join(' '),
        content,
      },
    ]),
  )
}
