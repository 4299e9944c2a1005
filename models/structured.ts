/** Structured output: JSON taken out of a reply, and checked against its schema. */
import { Ajv } from 'ajv'
import { reasonOf } from '#core/errors.ts'
import { closed, objectsIn, tightened } from './loose-json.ts'
import type { JsonSchema } from './model.ts'

/** A value, or every reason why there is none. */
export type JsonOrFaults = { readonly value: unknown } | { readonly faults: readonly string[] }

/**
 * The JSON in a reply. Models put a Markdown fence or words around it, or a draft before it. Some write it as Python would,
 * or as a string. It is read all the same, since asking again would buy the same reply once more.
 */
export function readJson(reply: string): JsonOrFaults {
  const whole = parsed(reply)
  if ('value' in whole) return unquoted(whole)
  for (const text of candidatesIn(reply)) {
    for (const written of [text, tightened(text)]) {
      const found = parsed(written)
      if ('value' in found) return unquoted(found)
    }
  }
  return whole
}

/** Every object in a text, in its order, with where it stands. A text that is one object, in a fence or not, has none around it. */
export function objectsWithin(
  reply: string,
): readonly { readonly at: number; readonly text: string; readonly value: unknown }[] {
  let from = 0
  return objectsIn(reply)
    .toReversed()
    .flatMap(text => {
      const at = reply.indexOf(text, from)
      from = at + text.length
      const found = [text, tightened(text)].map(parsed).find(each => 'value' in each)
      return found && 'value' in found ? [{ at, text, value: found.value }] : []
    })
}

function candidatesIn(reply: string): readonly string[] {
  return [reply, ...fenced(reply), ...listed(reply), ...braced(reply), ...objectsIn(reply), ...closed(reply)]
}

/** Of a text that is JSON inside of a JSON string, what is inside. */
function unquoted(found: { readonly value: unknown }): JsonOrFaults {
  const inner = typeof found.value === 'string' ? parsed(found.value) : found
  return 'value' in inner ? inner : found
}

function parsed(text: string): JsonOrFaults {
  try {
    return { value: JSON.parse(text.trim()) }
  } catch (error) {
    return { faults: [`the reply is not JSON (${reasonOf(error)})`] }
  }
}

const fenced = (text: string) =>
  [...text.matchAll(/```[a-zA-Z]*\s*\n?([\s\S]*?)```/g)].map(match => match[1] ?? '')

/** From the beginning of a list of objects to the last bracket, if no object begins before. */
function listed(text: string): readonly string[] {
  const begin = text.search(/\[\s*\{/)
  const end = text.lastIndexOf(']')
  return begin < 0 || end < begin || text.indexOf('{') < begin ? [] : [text.slice(begin, end + 1)]
}

/** From the first brace to the last one. */
function braced(text: string): readonly string[] {
  const begin = text.indexOf('{')
  const end = text.lastIndexOf('}')
  return begin < 0 || end < begin ? [] : [text.slice(begin, end + 1)]
}

/** A function that names every place where a value does not fit the schema. */
export function validator(schema: JsonSchema): (value: unknown) => readonly string[] {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema)
  return value => {
    if (validate(value)) return []
    return (validate.errors ?? []).map(
      error => `${error.instancePath || 'the reply'} ${error.message ?? 'is wrong'}`,
    )
  }
}
