/** Times in a request. What a database takes as a time is less than what the clock of JavaScript takes. */

/** 9999-12-31T23:59:59.999Z */
const LATEST_MS = 253_402_300_799_999

/** Milliseconds since 1970 as every database takes them. */
export const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= LATEST_MS

/** A time of ISO 8601 from 1970 to 9999, in milliseconds since 1970; NaN for any other text. */
export function timeOf(text: string): number {
  const time = Date.parse(text)
  return isTime(time) ? time : Number.NaN
}
