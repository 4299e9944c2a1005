/** A reply that came as a stream of events though it was asked for whole: it is paid for, so it is put together. */
import { tightened } from './loose-json.ts'
import { isObject, type Loose, parsed } from './loose-values.ts'
import { REASONS } from './openai-finish.ts'
import { choicesIn, errorBeside } from './openai-meanings.ts'
import { countedIn, usagesIn } from './openai-usage.ts'

/** No provider's word for an end: the stream broke off, and what came is not the whole reply. */
const BROKEN_OFF = 'none, as the stream broke off'
const DONE = '[DONE]'

/**
 * The text of a body of server-sent events (WHATWG HTML, 9.2) as one completion, or its error as it came. Comments keep
 * a connection open. Some gateways send them in front of JSON, which is given back without them.
 * Nothing where the text is neither.
 *
 * An error before any text is the error of the call. An error behind text ends a reply that was paid for and is not whole.
 * An error behind the reason of the end changes nothing.
 */
export function wholeOf(text: string): string | undefined {
  const lines = text.split(/\r\n|\n|\r/)
  const said = lines.filter(line => !line.startsWith(':'))
  if (said.length < lines.length && isJson(said.join('\n'))) return said.join('\n')
  if (!/^\s*(?:(?:data|event|id|retry):|error:\s*\{)/.test(said.join('\n'))) return undefined
  const events = said.join('\n').split(/\n{2,}/)
  const chunks = events.flatMap(chunksIn)
  if (chunks.length === 0) return undefined
  const isDone = said.some(line => dataIn(line) === DONE)
  return JSON.stringify(joined(chunks, isDone))
}

/** Events that nothing stands between come as one. What is no JSON there is a server's last word. */
function chunksIn(event: string): readonly Loose[] {
  const lines = event.split('\n')
  if (lines.some(line => /^event: ?(?:ping|heart-?beat|keep-?alive)\b/i.test(line))) return []
  const data = lines
    .flatMap(line => dataIn(line) ?? [])
    .filter(each => each !== DONE && !STAYS_OPEN.test(each))
  const one = objectIn(data.join('\n'))
  const chunks = one ? [one] : data.map(each => objectIn(each) ?? { error: each })
  const isError = lines.some(line => /^event: ?\S*(?:error|exception|failed)\s*$/i.test(line))
  const errors = lines.flatMap(line => /^error: ?(.+)$/.exec(line)?.[1] ?? [])
  const asErrors = (found: readonly Loose[]) =>
    found.map(chunk => (errorBeside(chunk) === undefined ? { error: chunk } : chunk))
  // llama.cpp has a field of its own for an error.
  const named = errors.map(each => objectIn(each) ?? { error: each })
  return [...(isError ? asErrors(chunks) : chunks), ...asErrors(named)]
}

/** Data that only keeps a connection open. */
const STAYS_OPEN = /^\s*(?::.*|ping|heart-?beat|keep-?alive|)\s*$/i

/** An error may come as a line of bare JSON: its sender no longer knew that it was in a stream. */
function dataIn(line: string): string | undefined {
  return line.startsWith('{') || line.trim() === DONE ? line.trim() : /^(?:data: ?)+(.*)$/.exec(line)?.[1]
}

/** A piece of a streamed reply, and not a whole one. */
export const isPiece = (value: unknown): value is Loose =>
  isObject(value) && choicesIn(value).some(({ delta, message }) => isObject(delta) && !isObject(message))

/** The first choice of all chunks, each field of its message appended to what came of it before. */
export function joined(chunks: readonly Loose[], isDone: boolean): Loose {
  const message: Record<string, unknown> = {}
  const reasons: Record<string, unknown> = {}
  const first = Math.min(...chunks.flatMap(choicesIn).map(indexOf))
  const hasPieces = chunks.some(isPiece)
  let error: unknown
  for (const chunk of chunks) {
    error ??= Object.values(reasons).some(Boolean) ? undefined : errorBeside(chunk)
    for (const choice of choicesIn(chunk).filter(each => indexOf(each) === first)) {
      for (const name of REASONS) if (isSaid(choice[name], reasons[name])) reasons[name] = choice[name]
      const piece = [choice.delta, choice.message].find(isObject) ?? {}
      for (const [name, value] of Object.entries(piece))
        message[name] = appended(
          hasPieces && repeats(choice, message[name], value) ? undefined : message[name],
          value,
        )
    }
  }
  if (!Object.values(reasons).some(Boolean)) error ??= chunks.find(isStrange)
  const usage = countedIn(chunks.flatMap(usagesIn))
  if (error !== undefined && usage === undefined && !saysAnything(message)) return { error }
  if (Object.keys(reasons).length === 0) Object.assign(reasons, endingOfAll(chunks, isDone))
  const choice = { message, ...reasons, ...(error !== undefined && { error }) }
  return { model: chunks[0]?.model, choices: [choice], ...(usage !== undefined && { usage }) }
}

/** An empty reason is one, unless another was given before. */
function isSaid(reason: unknown, before: unknown): boolean {
  return Boolean(reason) || (reason !== undefined && reason !== null && before === undefined)
}

/** Of a stream that gives no reason for its end. */
function endingOfAll(chunks: readonly Loose[], isDone: boolean): object {
  const status = chunks.findLast(chunk => chunk.status)?.status
  return { status, ...(!isDone && { finish_reason: BROKEN_OFF }) }
}

function saysAnything({ role: _, ...said }: Loose): boolean {
  return Object.values(said).some(each => (Array.isArray(each) ? each.length > 0 : Boolean(each)))
}

/** One was asked for: the first of those that come, whatever its number is. */
const indexOf = ({ index }: Loose): number => Number(index ?? 0) || 0

/** Fields of an event that has no part in a reply, and is no fault either. */
const HARMLESS: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'provider',
  'system_fingerprint',
  'service_tier',
  'choices',
  'status',
  'obfuscation',
  'prompt_filter_results',
  'x_groq',
  'ping',
])

/** Neither a part of a reply nor a sign of life: a server may say there why the reply ends. */
function isStrange(chunk: Loose): boolean {
  if (choicesIn(chunk).length > 0 || usagesIn(chunk).length > 0) return false
  if (/ping|heart-?beat|keep-?alive|[._]done$/i.test(String(chunk.type ?? chunk.event ?? ''))) return false
  return Object.entries(chunk).some(([name, value]) => !HARMLESS.has(name) && Boolean(value))
}

/** A last message may have all of the text that came in pieces. */
const repeats = ({ delta }: Loose, before: unknown, value: unknown): boolean =>
  !isObject(delta) && typeof before === 'string' && String(value).startsWith(before) && String(value) !== ''

function appended(before: unknown, value: unknown): unknown {
  if (before === undefined || before === null) return value
  if (value === undefined || value === null) return before
  if (typeof before === 'string' && typeof value === 'string') return before + value
  return [before, value].flat()
}

function objectIn(text: string): Loose | undefined {
  const read = parsed(text) ?? (text.startsWith('{') ? parsed(tightened(text)) : undefined)
  const value = typeof read === 'string' ? parsed(read) : read
  // Gemini puts an error into an array.
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value
  return isObject(only) ? only : undefined
}

const isJson = (text: string): boolean => objectIn(text) !== undefined
