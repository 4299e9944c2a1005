/** Checks of values that come as JSON: every fault is named, not the first alone. */

import { reasonOf } from '#core/errors.ts'

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'array'
/** Field name to its kind; a question mark behind it allows its absence. */
export type Fields = Readonly<Record<string, Kind | `${Kind}?`>>

/** An object from outside, of which nothing is known. */
export type Loose = { readonly [field: string]: unknown }

/** A value as JSON, for people: also one that has no form in JSON, or is nested deeper than can be written. */
export function shownAsJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'absent'
  } catch (error) {
    return error instanceof RangeError ? '(nested too deep to be shown)' : `(${reasonOf(error)})`
  }
}

/** Whether a value is an object, and neither null nor an array. */
export function isLoose(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What does not fit, one line a field; further fields are allowed, so that a newer writer can be read. */
export function fieldFaults(value: unknown, fields: Fields): readonly string[] {
  if (!isLoose(value)) return [`it must be an object, not ${kindOf(value)}`]
  return Object.entries(fields).flatMap(([name, wanted]) => {
    const found = value[name]
    const optional = wanted.endsWith('?')
    if (found === undefined || found === null) return optional ? [] : [`${name} is missing`]
    const kind = kindOf(found)
    const expected = optional ? wanted.slice(0, -1) : wanted
    return kind === expected ? [] : [`${name} must be of type ${expected}, not ${kind}`]
  })
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
