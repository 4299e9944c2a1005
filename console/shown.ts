/** Texts of others, made harmless to look at: nothing hides in them, and nothing turns the line around. */

/** What reorders or hides what is beside it, or is itself not to be seen. What joins the parts of an emoji is none. */
const HIDDEN =
  /[\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu
/** Control characters but line breaks and tabulators. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

/** Control characters have pictures in Unicode; other marks are shown by their numbers. */
export const harmless = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(CONTROL, found => {
      const code = found.charCodeAt(0)
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\u2421'
    })
    .replace(
      HIDDEN,
      found => `⟨U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
    )

export interface Cut {
  readonly text: string
  /** Characters that are left out. */
  readonly more: number
}

/** A text of a megabyte would hold up the page. */
export const cutAt = (text: string, max: number): Cut =>
  text.length <= max ? { text, more: 0 } : { text: text.slice(0, max), more: text.length - max }
