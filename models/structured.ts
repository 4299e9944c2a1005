/** Structured output: JSON taken out of a reply, and checked against its schema. */
import { Ajv } from 'ajv'
import { reasonOf } from '#engine/core/errors.ts'
import type { JsonSchema } from './model.ts'

export type JsonOrFaults = { readonly value: unknown } | { readonly faults: readonly string[] }

/** Parses a reply as JSON; a Markdown fence around it, which many models add, is taken off. */
export function readJson(reply: string): JsonOrFaults {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?\s*```\s*$/.exec(reply)
  try {
    return { value: JSON.parse(fenced?.[1] ?? reply) }
  } catch (error) {
    return { faults: [`the reply is not JSON (${reasonOf(error)})`] }
  }
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
