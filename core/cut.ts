/** Texts of any length made fit for a line. */

/** On one line, and no longer than `widthMax`. */
export function cut(text: string, widthMax = Number.POSITIVE_INFINITY): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  return flat.length > widthMax ? `${flat.slice(0, Math.max(0, widthMax - 1)).trimEnd()}…` : flat
}
