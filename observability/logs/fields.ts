/** What the fields of a line become before they are JSON: errors their messages, long texts cut, secrets and content hidden by name. */
import { codeOf, reasonOf } from '#core/errors.ts'
import { stageOf } from '#core/record.ts'

/** Deeper values are left out. */
export const DEPTH_MAX = 5
const CHARACTERS_MAX = 4_000
const ENTRIES_MAX = 100

/** Ends of names under which programs carry secrets, in small letters without `-` and `_`. */
const SECRET_NAME =
  /(?:authorization|cookie|password|passwd|passphrase|secret|token|apikey|privatekey|credential)s?$|^sasl$/
/** Whole names under which lines carry what people have written or a model has answered, spelt as those above. */
const CONTENT_NAME =
  /^(?:contents?|texts?|titles?|quer(?:y|ies)|questions?|prompts?|messages|(?:best)?answers?|repl(?:y|ies)|feedback)$/
/** Names of what may be secrets or their number; numbers are shown. */
const TOKENS_NAME = /tokens$/

/** Names that the line itself has; a field of such a name gets an underscore. */
const OWN = new Set(['time', 'level', 'message', 'repeated'])
/** What the parser of JSON says of a text that is none, with the text in it. */
const QUOTED_JSON = /"[\s\S]*"(?:\.\.\.)? is not valid JSON/

/** What is logged must not fail what is done: fields that cannot be read are replaced by the reason. */
export function fieldsOrFault(
  always: object,
  fields: object,
  withContent: boolean,
): Readonly<Record<string, unknown>> {
  try {
    return writtenFields({ ...always, ...fields, ...always }, withContent)
  } catch (error) {
    return { ...always, fieldsFault: reasonOf(error) }
  }
}

/** The fields as they are written; an error gives its code too, a task its stage. */
function writtenFields(fields: object, withContent: boolean): Record<string, unknown> {
  const written: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    written[OWN.has(name) ? `${name}_` : name] = named(name, value, withContent, 1)
    if (value instanceof Error) written.code ??= codeOf(value)
  }
  if ('task' in fields && typeof fields.task === 'string') written.stage ??= stageOf(fields.task)
  return written
}

function named(name: string, value: unknown, withContent: boolean, depth: number): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value
  const kind = kindOf(name)
  if (kind === 'secret' || (kind === 'tokens' && !isCounts(value))) return '[redacted]'
  const isText = typeof value === 'string' || typeof value === 'object'
  if (kind === 'content' && isText && !withContent) return '[content]'
  return plain(value, withContent, depth)
}

const isCounts = (value: unknown): boolean =>
  typeof value === 'number' ||
  (typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(each => typeof each === 'number'))

type Kind = 'secret' | 'tokens' | 'content' | 'open'

/** Names are few and come again with each line. */
const kinds = new Map<string, Kind>()
const KINDS_MAX = 1_000

function kindOf(name: string): Kind {
  const known = kinds.get(name)
  if (known) return known
  const kind = newKindOf(name.toLowerCase().replace(/[^a-z0-9]/g, ''))
  if (kinds.size < KINDS_MAX) kinds.set(name, kind)
  return kind
}

function newKindOf(name: string): Kind {
  if (TOKENS_NAME.test(name)) return 'tokens'
  if (SECRET_NAME.test(name)) return 'secret'
  return CONTENT_NAME.test(name) ? 'content' : 'open'
}

function plain(value: unknown, withContent: boolean, depth: number): unknown {
  if (typeof value === 'string') return text(value, withContent)
  if (value instanceof Error) return text(reasonOf(value), withContent)
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= DEPTH_MAX) return '[deeper]'
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return plain(value.toJSON(), withContent, depth + 1)
  if (Array.isArray(value))
    return value.slice(0, ENTRIES_MAX).map(each => plain(each, withContent, depth + 1))
  const entries = Object.entries(value).slice(0, ENTRIES_MAX)
  return Object.fromEntries(entries.map(([name, each]) => [name, named(name, each, withContent, depth + 1)]))
}

function text(value: string, withContent: boolean): string {
  const shown = withContent ? value : value.replace(QUOTED_JSON, '"[content]" is not valid JSON')
  return shown.length <= CHARACTERS_MAX
    ? shown
    : `${shown.slice(0, CHARACTERS_MAX)}… (${shown.length} characters)`
}
