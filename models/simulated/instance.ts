/** A value of any JSON schema, for task types that the simulated model has not heard of. */
import type { JsonSchema } from '../model.ts'

/** Strings become `text`, numbers their minimum, everything else the least value of its type. */
export function instanceOf(schema: JsonSchema, text: string): unknown {
  if (Array.isArray(schema.enum)) return schema.enum[0]
  if ('const' in schema) return schema.const
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return Object.fromEntries(propertiesOf(schema).map(([name, inner]) => [name, instanceOf(inner, text)]))
    case 'array':
      return []
    case 'number':
    case 'integer':
      return typeof schema.minimum === 'number' ? schema.minimum : 0
    case 'boolean':
      return false
    case 'null':
      return null
    default:
      return text
  }
}

function propertiesOf(schema: JsonSchema): readonly [string, JsonSchema][] {
  const { properties } = schema
  if (typeof properties !== 'object' || properties === null) return []
  return Object.entries(properties).filter(([, inner]) => typeof inner === 'object' && inner !== null)
}
