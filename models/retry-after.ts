/** How long a provider asks to be left alone, from the headers of its refusal. */

/**
 * `retry-after-ms`, else `Retry-After` as seconds or as an HTTP date (RFC 9110, 10.2.3); undefined when absent or unreadable. A date
 * counts from the `Date` of the refusal: the clock of this machine, `now`, need not be the provider's.
 */
export function retryAfterMs(
  headers: { get(name: string): string | null | undefined } | undefined,
  now: number,
): number | undefined {
  const exact = numeric(headers?.get('retry-after-ms'))
  if (exact !== undefined) return exact
  const text = headers?.get('retry-after')
  const seconds = numeric(text)
  if (seconds !== undefined) return Math.ceil(seconds * 1000)
  const date = text ? Date.parse(text) : Number.NaN
  if (Number.isNaN(date)) return undefined
  const sentAt = Date.parse(headers?.get('date') ?? '')
  return Math.max(0, date - (Number.isNaN(sentAt) ? now : sentAt))
}

/** What is said of a wait inside of a refusal: by OpenAI and Groq in words, by Gemini as a field. */
const NAMED = /(?:try again in|retry after|"retryDelay":)\s*"?((?:\d+(?:\.\d+)?(?:ms|h|m|s)\s*)+)/i
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `Please try again in 7m12.5s`, `in 320ms`, `"retryDelay": "34s"`; undefined where nothing of the kind is said. */
export function waitNamedMs(words: string): number | undefined {
  const parts = NAMED.exec(words)?.[1]?.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/gi)
  if (!parts) return undefined
  const waits = [...parts].map(([, number, unit = '']) => Number(number) * (UNIT_MS[unit.toLowerCase()] ?? 0))
  return Math.ceil(waits.reduce((sum, wait) => sum + wait, 0))
}

function numeric(text: string | null | undefined): number | undefined {
  return text && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined
}
