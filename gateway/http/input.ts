/** The input of an operation, gathered from body, query, path and headers of a request, each checked by its part of the schema. */
import type { FastifyRequest } from 'fastify'
import { invalid, type Problem } from '../problem.ts'
import { checkerOf, type InputFault, type InputSchema, type Schema } from '../schema.ts'
import { type HttpRoute, pathFields } from './routes.ts'

export interface Places {
  readonly body: InputSchema
  readonly query: InputSchema
  readonly path: InputSchema
  readonly headers: InputSchema
}

/** The schema of an operation, taken apart by where its fields stand. */
export function placesOf(route: HttpRoute): Places {
  const { input } = route.operation
  const { query = [], headers = {} } = route
  const path = pathFields(route)
  const others = new Set([...query, ...path, ...Object.keys(headers)])
  const body = Object.keys(input.properties).filter(name => !others.has(name))
  return {
    body: partOf(input, body),
    query: partOf(input, query),
    path: partOf(input, path),
    headers: partOf(input, Object.keys(headers)),
  }
}

/** The schema of the body: of its fields, or of the one field that it is. */
export function bodySchemaOf({ operation, wholeBody }: HttpRoute, { body }: Places): Schema {
  if (wholeBody === undefined) return body
  const schema = body.properties[wholeBody] ?? {}
  const { shownItems } = operation
  return schema.type === 'array' && shownItems ? { ...schema, items: shownItems } : schema
}

export const hasFields = ({ properties }: InputSchema): boolean => Object.keys(properties).length > 0

function partOf(input: InputSchema, names: readonly string[]): InputSchema {
  const properties = Object.fromEntries(
    Object.entries(input.properties).filter(([name]) => names.includes(name)),
  )
  const required = (input.required ?? []).filter(name => names.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

/** Reads the input of a request, or every fault of it, of all places at once. */
export function inputReader(route: HttpRoute): (request: FastifyRequest) => object | Problem {
  const { wholeBody } = route
  const places = placesOf(route)
  const check = {
    body: checkerOf(wholeBody === undefined ? places.body : (places.body.properties[wholeBody] ?? {})),
    query: checkerOf(places.query),
    path: checkerOf(places.path),
    headers: checkerOf(places.headers),
  }
  const takesBody = hasFields(places.body)
  return request => {
    const headers = headersOf(route, request)
    const { query, params, body } = request
    const faults: InputFault[] = [...check.query(query), ...check.path(params), ...check.headers(headers)]
    faults.push(...nulsIn(query))
    if (takesBody) faults.push(...check.body(body))
    if (faults.length > 0) return invalid(faults)
    const fields = wholeBody === undefined ? body : { [wholeBody]: body }
    return Object.assign({}, takesBody && fields, query, params, headers)
  }
}

function nulsIn(fields: unknown): readonly InputFault[] {
  return Object.entries(fields ?? {}).flatMap(([name, text]) =>
    typeof text === 'string' && text.includes('\0')
      ? [{ pointer: `/${name}`, reason: 'has a character of code 0, which no database takes as text' }]
      : [],
  )
}

function headersOf({ headers: names = {} }: HttpRoute, { headers }: FastifyRequest): object {
  const given = Object.entries(names).flatMap(([field, name]) => {
    const found = headers[name]
    return found === undefined ? [] : [[field, found] as const]
  })
  return Object.fromEntries(given)
}
