/** Values of which nothing is known yet: their fields are checked where they are used. */

export type Loose = Readonly<Record<string, unknown>>

/** An object or a list. */
export const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null

/** An object that is no list. */
export const isFields = (value: unknown): value is Loose => isObject(value) && !Array.isArray(value)

/** The value of a text; nothing where the text is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
