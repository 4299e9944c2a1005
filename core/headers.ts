/** Headers of records: made from texts, and changed without a change to those that others hold. */
import { asBytes } from './codec.ts'
import { CaudalError, reasonOf } from './errors.ts'
import type { Headers } from './record.ts'

/** Headers that somebody gave as texts. Throws ENCODE_FAILED for a name or a text that has no UTF-8. */
export function headersOf(node: string, texts: Readonly<Record<string, string>>): Record<string, Uint8Array> {
  const headers = Object.entries(texts).map(([name, text]) => {
    try {
      asBytes(name)
      return [name, asBytes(text)] as const
    } catch (error) {
      const details = { node, target: `header ${name}`, codec: 'text', reason: reasonOf(error) }
      throw new CaudalError('ENCODE_FAILED', details, error)
    }
  })
  return Object.fromEntries(headers)
}

/** Inherited headers with one of ours set. */
export function withHeader(headers: Headers, name: string, value: Uint8Array): Headers {
  return { ...headers, [name]: value }
}

export function withoutHeader(headers: Headers, name: string): Headers {
  const { [name]: _, ...rest } = headers
  return rest
}
