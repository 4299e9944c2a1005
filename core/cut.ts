/** Texts of any length made fit for a line or for a field. */

/** On one line, and no longer than `widthMax`. */
export function cut(text: string, widthMax = Number.POSITIVE_INFINITY): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  return flat.length > widthMax ? `${beginning(flat, Math.max(0, widthMax - 1)).trimEnd()}…` : flat
}

/**
 * At most so many characters of a text, as Unicode text: no pair of surrogates is cut in two, and a lone one is replaced. A
 * record with half a character has no UTF-8, and would be refused.
 */
export function beginning(text: string, charactersMax: number): string {
  const start = text.slice(0, charactersMax)
  const isCutInTwo = start.length < text.length && HIGH_SURROGATE.test(start)
  return (isCutInTwo ? start.slice(0, -1) : start).toWellFormed()
}

const HIGH_SURROGATE = /[\ud800-\udbff]$/
