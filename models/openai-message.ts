/** What a message says, in whatever field and shape a provider says it: as text, in parts, or as the JSON that was asked for. */
import { isObject, parsed } from './loose-values.ts'
import type { ModelRequest } from './model.ts'

/** The fields of a message that something may stand in. */
export interface Message {
  readonly content?: unknown
  readonly refusal?: unknown
  readonly tool_calls?: unknown
  readonly function_call?: unknown
  readonly reasoning_content?: unknown
  readonly reasoning?: unknown
  /** JSON that the provider has read already. */
  readonly parsed?: unknown
}

/** Text as a string, or as a part or a list of parts of which some are text. */
export function textOf(content: unknown): string {
  if (Array.isArray(content)) return content.map(partText).join('')
  return typeof content === 'number' ? String(content) : partText(content)
}

const TEXT_PARTS: ReadonlySet<unknown> = new Set(['text', 'output_text', undefined])

function partText(part: unknown): string {
  if (typeof part === 'string') return part
  if (typeof part !== 'object' || part === null) return ''
  const { type, text, content }: { type?: unknown; text?: unknown; content?: unknown } = part
  if (!TEXT_PARTS.has(type)) return ''
  return text === undefined && type !== undefined ? innerText(content) : innerText(text)
}

/** A text may be an object with its `value`. */
function innerText(text: unknown): string {
  if (typeof text === 'object' && text !== null && 'value' in text) return innerText(text.value)
  return typeof text === 'string' ? text : ''
}

/** The text of a message, or the JSON that was asked for where that stands in the place of text. */
export function contentOf({ content }: Message, request: ModelRequest): string {
  const text = textOf(content)
  const { schema, isReadable } = request
  if (!schema || !isObject(content) || (isReadable ? isReadable(text) : text.trim() !== '')) return text
  const isPart = !isReadable && (Array.isArray(content) || 'type' in content)
  return (isPart ? undefined : readableIn([content], request)) ?? text
}

/** The JSON that was asked for, where it came as what the provider had read of it, or as the call of a tool. */
export function jsonBeside(message: Message, request: ModelRequest): string | undefined {
  return readableIn([message.parsed, ...argumentsIn(message)], request)
}

/** Some servers put all of a reply into its reasoning. JSON that was asked for is known for what it is; other text is not. */
export function jsonInThought(message: Message, request: ModelRequest): string | undefined {
  return request.isReadable && readableIn([message.reasoning_content, message.reasoning], request)
}

function readableIn(values: readonly unknown[], { schema, isReadable }: ModelRequest): string | undefined {
  if (!schema) return undefined
  const texts = values.flatMap(value =>
    isObject(value) ? JSON.stringify(value) : typeof value === 'string' ? value : [],
  )
  return texts.find(isReadable ?? isJson)?.toWellFormed()
}

/** The arguments of each call; those of a streamed one come in pieces under one index, or as pieces of an older call. */
function argumentsIn({ tool_calls: calls, function_call: older }: Message): readonly unknown[] {
  const found = new Map<unknown, unknown>()
  const add = (key: unknown, called: unknown): void => {
    const more = isObject(called) ? called.arguments : undefined
    const before = found.get(key)
    found.set(key, typeof before === 'string' && typeof more === 'string' ? before + more : (more ?? before))
  }
  const all: readonly unknown[] = [calls ?? []].flat()
  for (const [position, call] of all.entries())
    if (isObject(call)) add(call.index ?? `at ${position}`, call.function)
  for (const piece of [older ?? []].flat()) add('older', piece)
  return [...found.values()]
}

const isJson = (text: string): boolean => isObject(parsed(text))
