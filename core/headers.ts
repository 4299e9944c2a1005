/** Headers of records: made from texts, and changed without a change to those that others hold. */
import { isUtf8 } from 'node:buffer'
import { asBytes, asText } from './codec.ts'
import { CaudalError, reasonOf } from './errors.ts'
import type { InfoHeaders } from './interceptor.ts'
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

/** What functions around the work of a pod see of headers. */
export const readable = (headers: Headers | undefined): InfoHeaders => ({
  get: name => {
    const value = headers?.[name]
    return value && isUtf8(value) ? asText(value) : undefined
  },
})

/** Inherited headers with one of ours set. */
export function withHeader(headers: Headers, name: string, value: Uint8Array): Headers {
  return { ...headers, [name]: value }
}

/** A copy of the headers that lacks one name. */
export function withoutHeader(headers: Headers, name: string): Headers {
  const { [name]: _, ...rest } = headers
  return rest
}
