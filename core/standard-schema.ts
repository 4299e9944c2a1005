/**
 * Schemas of any library that follows Standard Schema, version 1 (https://standardschema.dev): zod, valibot, ArkType and
 * others. The types are the part of the specification that a codec needs.
 */
import { CaudalError } from './errors.ts'

/** A schema whose values are of the type `T` once they are validated. Its library makes it. */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1
    /** Name of the library. */
    readonly vendor: string
    /** A codec decodes at once, so a promise is refused. */
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>
    /** For the compiler; absent at run time. */
    readonly types?: { readonly input: unknown; readonly output: T } | undefined
  }
}

/** The validated value, or what is wrong with the given one. */
export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing that is wrong with a value, with the way to it. */
export interface SchemaIssue {
  /** Why the value does not fit the schema. */
  readonly message: string
  /** Where in the value the fault is, from the outside inwards. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** How many faults of one value an error names. */
const NAMED_MAX = 10

/** Whether a check is a schema by the interface Standard Schema, and not a function. */
export function isSchema<T>(check: object): check is StandardSchema<T> {
  return '~standard' in check
}

/**
 * What validates by a schema: it returns the value as the schema gives it, and throws a TypeError with all faults, each with
 * its path. Throws CONFIGURATION_INVALID for a schema of another version, and for one that answers with a promise.
 */
export function validatorOf<T>(
  codec: string,
  { '~standard': standard }: StandardSchema<T>,
): (value: unknown) => T {
  const { version, vendor } = standard
  const refused = (fault: string) =>
    new CaudalError('CONFIGURATION_INVALID', { faults: `codec ${codec}: its schema, of ${vendor}, ${fault}` })
  if (version !== 1) throw refused(`follows version ${version} of Standard Schema; use version 1`)
  const validate = (value: unknown): SchemaResult<T> => {
    const result = standard.validate(value)
    if (!(result instanceof Promise)) return result
    result.catch(() => undefined) // Nobody waits for it.
    throw refused('validates asynchronously; use a synchronous one, and make outside calls in an operator')
  }
  // No value is undefined in JSON, so the result says nothing; a schema that is asynchronous as a whole shows itself here.
  validate(undefined)
  return value => {
    const result = validate(value)
    if (result.issues === undefined) return result.value
    throw new TypeError(
      `${codec}: ${result.issues.slice(0, NAMED_MAX).map(told).join('; ')}${rest(result.issues)}`,
    )
  }
}

function told({ path = [], message }: SchemaIssue): string {
  const way = path.map(step => (typeof step === 'object' ? step.key : step))
  return way.length === 0 ? message : `${pathOf(way)}: ${message}`
}

/** As JavaScript writes it: `items[2].price`. */
function pathOf(way: readonly PropertyKey[]): string {
  return way.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`
    return path === '' ? String(step) : `${path}.${String(step)}`
  }, '')
}

function rest({ length }: readonly SchemaIssue[]): string {
  return length > NAMED_MAX ? ` and ${length - NAMED_MAX} more` : ''
}
