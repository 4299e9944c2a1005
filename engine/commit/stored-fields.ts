/** JSON that the engine keeps in state topics, of any version: read by its format, field by field. */
import { asText } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'

export const FORMAT = 1

export type Fields = Readonly<Record<string, unknown>>

/** Throws STATE_NEWER for a format of a later version, LOG_CORRUPT for bytes that are no such JSON. */
export function parseStored(bytes: Uint8Array, task: string): Fields {
  let fields: Fields
  try {
    fields = fieldsOf(JSON.parse(asText(bytes)))
  } catch (error) {
    throw corrupt(task, reasonOf(error), error)
  }
  if (fields.format === FORMAT) return fields
  throw new CaudalError('STATE_NEWER', { task, format: String(fields.format), known: FORMAT })
}

export function fieldsOf(value: unknown): Fields {
  // The spread of anything is an object. Texts and numbers give no field that the readers ask for.
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

export function corrupt(task: string, reason: string, cause?: unknown): CaudalError {
  return new CaudalError('LOG_CORRUPT', { path: `the state of task ${task}`, reason }, cause)
}
