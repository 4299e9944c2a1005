/** JSON schemas that stand next to the handlers: they give the type of an input, its checks, and its part of OpenAPI. */
import { Ajv, type ErrorObject } from 'ajv'

interface Described {
  readonly description?: string
}

interface TextSchema extends Described {
  readonly type: 'string'
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly enum?: readonly string[]
}

interface NumberSchema extends Described {
  readonly type: 'number' | 'integer'
  readonly minimum?: number
  readonly maximum?: number
}

interface FlagSchema extends Described {
  readonly type: 'boolean'
}

interface ListSchema extends Described {
  readonly type: 'array'
  readonly items: Schema
  readonly minItems?: number
  readonly maxItems?: number
}

interface RecordSchema extends Described {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties: boolean
}

/** A value of any kind: made by the pipeline itself, or checked by its operation. */
interface AnySchema extends Described {
  readonly type?: never
}

export type Schema = TextSchema | NumberSchema | FlagSchema | ListSchema | RecordSchema | AnySchema
export type InputSchema = RecordSchema & { readonly additionalProperties: false }

type Required<S> = S extends { readonly required: readonly (infer N)[] } ? N : never

/** The values that fit a schema. */
export type Value<S> = S extends { readonly type: 'string' }
  ? string
  : S extends { readonly type: 'number' | 'integer' }
    ? number
    : S extends { readonly type: 'boolean' }
      ? boolean
      : S extends { readonly type: 'array'; readonly items: infer I }
        ? readonly Value<I>[]
        : S extends { readonly type: 'object'; readonly properties: infer P }
          ? { readonly [N in keyof P & Required<S>]: Value<P[N]> } & {
              readonly [N in Exclude<keyof P, Required<S>>]?: Value<P[N]>
            }
          : unknown

/** One place of an input that is at fault. */
export interface InputFault {
  /** JSON pointer; empty for the input as a whole. */
  readonly pointer: string
  readonly reason: string
}

/** A line of a list that is no JSON; it stands for the value that it should have been. */
export class UnreadableLine {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** Nothing is coerced, left out or filled in: a field of a wrong type and an unknown field are faults. */
const ajv = new Ajv({
  allErrors: true,
  strict: false,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
})

/** A function that names every place where a value does not fit. */
export function checkerOf(schema: Schema): (value: unknown) => readonly InputFault[] {
  const validate = ajv.compile(schema)
  return value => (validate(value) ? [] : (validate.errors ?? []).map(faultOf))
}

function faultOf({ keyword, instancePath, params, message = 'is wrong' }: ErrorObject): InputFault {
  if (keyword === 'required')
    return { pointer: `${instancePath}/${escaped(params.missingProperty)}`, reason: 'is missing' }
  if (keyword === 'additionalProperties')
    return { pointer: `${instancePath}/${escaped(params.additionalProperty)}`, reason: 'is not known' }
  if (keyword === 'enum')
    return { pointer: instancePath, reason: `must be one of ${params.allowedValues.join(', ')}` }
  return { pointer: instancePath, reason: message }
}

const escaped = (name: unknown): string => String(name).replaceAll('~', '~0').replaceAll('/', '~1')
