/** How long a provider asks to be left alone, from the headers of its refusal. */

/**
 * `retry-after-ms`, else `Retry-After` as seconds or as an HTTP date (RFC 9110, 10.2.3); undefined when absent or unreadable. A date
 * counts from the `Date` of the refusal: the clock of this machine, `now`, need not be the provider's. Some write a unit.
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
  if (text && WHOLE_WAIT.test(text)) return waitMs(text)
  const date = text ? Date.parse(text) : Number.NaN
  if (Number.isNaN(date)) return undefined
  const sentAt = Date.parse(headers?.get('date') ?? '')
  return Math.max(0, date - (Number.isNaN(sentAt) ? now : sentAt))
}

const NUMBER = String.raw`\d+(?:\.\d+)?`
const UNIT = '(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])'
/** `7m12.5s`, `1 minute and 5 seconds`. */
const WAIT = String.raw`${NUMBER}\s*${UNIT}(?:\s*(?:,|and)?\s*${NUMBER}\s*${UNIT})*`
/** A number alone is one of seconds where its sentence or field ends with it: it may count something else, or begin a date. */
const BARE = String.raw`${NUMBER}(?=\s*(?:[\\"',;)}\]]|\.?\s*$|\.\s))`
const WHOLE_WAIT = new RegExp(String.raw`^\s*${WAIT}\s*$`, 'i')

/** What is said of a wait inside of a refusal: by OpenAI, Groq and Azure in words, by Gemini and others as a field. */
const NAMED = new RegExp(
  String.raw`(?:\b(?:try again|try it again|retry|retrying|wait)\s+(?:in|after|for)\s+|\bwait\s+|retry[-_ ]?(?:delay|after)(?:_?(?:s|secs|seconds))?(?:\\*")?\s*:\s*(?:\\*")?)(?:about\s+|approximately\s+|at least\s+)?(${WAIT}|${BARE})`,
  'i',
)
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `Please retry in 17.5s`, `try again in 20 seconds`, `"retryDelay": "34s"`; undefined where nothing of the kind is said. */
export function waitNamedMs(words: string): number | undefined {
  const wait = NAMED.exec(words)?.[1]
  return wait === undefined ? undefined : waitMs(wait)
}

function waitMs(wait: string): number {
  const parts = [...wait.matchAll(new RegExp(String.raw`(${NUMBER})\s*([a-z]*)`, 'gi'))]
  const waits = parts.map(([, number, unit = '']) => Number(number) * unitMs(unit.toLowerCase()))
  return Math.ceil(waits.reduce((sum, each) => sum + each, 0))
}

/** By its first letter, but for milliseconds. */
function unitMs(unit: string): number {
  if (unit === 'ms' || unit.startsWith('milli')) return 1
  return UNIT_MS[unit.charAt(0)] ?? 1_000
}

function numeric(text: string | null | undefined): number | undefined {
  return text && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined
}
