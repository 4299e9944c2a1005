/** What an error says, wherever a provider or a gateway has put its sentences. */
import { isFields, isObject, parsed } from './loose-values.ts'

/** Fields with sentences or with further errors, the outer ones first. */
const SENTENCES = [
  'error',
  'message',
  'msg',
  'status_msg',
  'error_msg',
  'errmsg',
  'errorMessage',
  'detail',
  'reason',
  'reasons',
  'innererror',
  'metadata',
  'raw',
  'body',
] as const
/** Of an inner error the code is said too: the outer one has a field for its own. */
const CODES = ['code', 'type', 'status'] as const
const DEPTH_MAX = 5

/**
 * The sentences of an error as one text: the outer message, and what the errors inside of it add. OpenRouter has the
 * provider's own in `metadata.raw`, Azure in `innererror`, a function of Lambda in `body`. Where none is found, its JSON.
 */
export function saidIn(error: unknown): string {
  const said: string[] = []
  for (const text of textsIn(error, 0)) if (!said.join('\n').includes(text)) said.push(text)
  return said.length > 0 ? said.join(': ') : (JSON.stringify(error) ?? String(error))
}

function textsIn(value: unknown, depth: number): readonly string[] {
  if (typeof value === 'string') {
    const inner = depth > 0 && /^\s*[[{]/.test(value) ? parsed(value) : undefined
    if (isObject(inner)) return textsIn(inner, depth)
    return value.trim() === '' ? [] : [value]
  }
  if (depth === DEPTH_MAX) return []
  if (Array.isArray(value))
    return value.every(each => typeof each === 'string') ? value : listed(value, depth)
  if (!isFields(value)) return []
  const codes = depth === 0 ? [] : CODES.map(name => value[name]).filter(code => isWord(code))
  return [...SENTENCES.flatMap(name => textsIn(value[name], depth + 1)), ...codes]
}

/** Each fault of FastAPI names its parameter in a list beside the sentence. */
function listed(values: readonly unknown[], depth: number): readonly string[] {
  return values.flatMap(each =>
    isFields(each) && 'loc' in each ? [JSON.stringify(each)] : textsIn(each, depth + 1),
  )
}

const isWord = (code: unknown): code is string => typeof code === 'string' && /[a-z]/i.test(code)
