/** Brakes: which calls of models people have stopped, by scope. */
import { codec } from '#core/codec.ts'
import { fieldFaults, isLoose } from './fields.ts'

/** What models are not called for now. */
export interface Brake {
  /** The key of its records too. */
  readonly scope: string
  /** Why, in words. */
  readonly reason: string
  /** Who set it. */
  readonly who: string
  /** When it was set, milliseconds since the epoch. */
  readonly since: number
  /** When it ends by itself, milliseconds since the epoch. */
  readonly until?: number | null | undefined
  /** The organisation that it stops has set it by a key of its own. Otherwise an operator has. */
  readonly own?: boolean | null | undefined
}

const FIELDS = {
  scope: 'string',
  reason: 'string',
  who: 'string',
  since: 'number',
  until: 'number?',
  own: 'boolean?',
} as const

/**
 * Plain JSON: a brake is set and read while the registry is away. A record of another shape is skipped, and the brake that
 * was known under its key stays.
 */
export const BrakeCodec = codec.json<Brake>('Brake', value => {
  const faults = fieldFaults(value, FIELDS)
  const scope = isLoose(value) ? value.scope : undefined
  if (typeof scope === 'string' && !scopeOf(scope))
    throw new TypeError(`${scope} is no scope: ${SCOPE_REMEDY}`)
  if (faults.length > 0) throw new TypeError(faults.join('; '))
})

/** What a call is for. Where a question has no organisation, its scope is `organization:`. */
export interface BrakedCall {
  readonly taskType: string
  readonly organization: string | undefined
  /** Nothing where it is not known which model will be asked. */
  readonly model: string | undefined
}

/** Stops every call. */
export const EVERYTHING = 'everything'

/** Kinds of scopes that name something. */
export const SCOPE_KINDS = ['organization', 'task_type', 'model'] as const
/** What a brake can be set on, besides everything. */
export type ScopeKind = (typeof SCOPE_KINDS)[number]

/** A scope in its parts. */
export type Scope = { readonly kind: typeof EVERYTHING } | { readonly kind: ScopeKind; readonly name: string }

/** A longer scope is refused. */
export const SCOPE_CHARACTERS_MAX = 300
/** A longer reason is refused. */
export const REASON_CHARACTERS_MAX = 500

/** A scope as it is written and stored: `model:gpt-4o`. */
export const scopeText = (kind: ScopeKind, name: string): string => `${kind}:${name}`

/** Nothing for a text that is no scope. Only an organisation may have an empty name: it stands for none. */
export function scopeOf(text: string): Scope | undefined {
  if (text === EVERYTHING) return { kind: EVERYTHING }
  if (text.length > SCOPE_CHARACTERS_MAX || !text.isWellFormed()) return undefined
  const colon = text.indexOf(':')
  const kind = SCOPE_KINDS.find(each => each === text.slice(0, colon))
  const name = text.slice(colon + 1)
  if (!kind || (name === '' && kind !== 'organization')) return undefined
  return { kind, name }
}

/** What is wrong with a text that is no scope. */
export const SCOPE_REMEDY =
  'a scope is everything, organization:NAME, task_type:NAME or model:NAME; organization: stands for questions of no organisation'

/** The brakes by their scopes. */
export interface BrakeTable {
  get(scope: string): Brake | undefined
}

/** The widest brake that stops a call now. */
export function brakeOn(brakes: BrakeTable, call: BrakedCall, now: number): Brake | undefined {
  for (const scope of scopesOf(call)) {
    const brake = brakes.get(scope)
    if (brake && isInForce(brake, now)) return brake
  }
  return undefined
}

/** A brake ends by itself at its `until`. */
export const isInForce = ({ until }: Brake, now: number): boolean => (until ?? Number.POSITIVE_INFINITY) > now

function* scopesOf({ taskType, organization, model }: BrakedCall): Generator<string> {
  yield EVERYTHING
  yield scopeText('organization', organization ?? '')
  yield scopeText('task_type', taskType)
  if (model !== undefined) yield scopeText('model', model)
}
