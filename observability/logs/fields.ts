/** What the fields of a line become before they are JSON: errors their messages and codes, long texts cut, content left out. */
import { codeOf, reasonOf } from '#core/errors.ts'
import { stageOf } from '#core/record.ts'

/** Deeper values are left out. */
export const DEPTH_MAX = 5
const CHARACTERS_MAX = 4_000
const ENTRIES_MAX = 100

/** Names under which lines carry what people have written or a model has answered. */
export const CONTENT_FIELDS = ['content', 'question', 'prompt', 'messages', 'answer', 'reply'] as const
/** Names under which programs carry secrets. */
export const SECRET_FIELDS = [
  ...['authorization', 'Authorization', 'cookie', 'password', 'secret', 'token', 'apiKey', 'api_key'],
  ...['accessToken', 'access_token', 'privateKey', 'private_key', 'sasl'],
] as const

/** Names that the line itself has; a field of such a name gets an underscore. */
const OWN = new Set(['time', 'level', 'message', 'repeated'])
/** What the parser of JSON says of a text that is none, with the text in it. */
const QUOTED_JSON = /"[\s\S]*"(?:\.\.\.)? is not valid JSON/

/** The fields without what people have written and a model has answered. */
export function withoutContent(fields: object): object {
  const hidden = new Set<string>(CONTENT_FIELDS)
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !hidden.has(name)))
}

/** The fields as they are written; an error gives its code too, a task its stage. */
export function writtenFields(fields: object, withContent: boolean): Record<string, unknown> {
  const written: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    written[OWN.has(name) ? `${name}_` : name] = plain(value, withContent, 1)
    if (value instanceof Error) written.code ??= codeOf(value)
  }
  if (typeof fields === 'object' && 'task' in fields && typeof fields.task === 'string')
    written.stage ??= stageOf(fields.task)
  return written
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
  return Object.fromEntries(entries.map(([name, each]) => [name, plain(each, withContent, depth + 1)]))
}

function text(value: string, withContent: boolean): string {
  const shown = withContent ? value : value.replace(QUOTED_JSON, '"[content]" is not valid JSON')
  return shown.length <= CHARACTERS_MAX
    ? shown
    : `${shown.slice(0, CHARACTERS_MAX)}… (${shown.length} characters)`
}
