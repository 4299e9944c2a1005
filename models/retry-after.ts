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

function numeric(text: string | null | undefined): number | undefined {
  return text && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined
}
