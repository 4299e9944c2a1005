/** How the tables of the guard are written: words in a text, parted by white space. */

export const words = (text: string): readonly string[] => text.trim().split(/\s+/)

export const wordSet = (...texts: readonly string[]): ReadonlySet<string> => new Set(texts.flatMap(words))

/** Groups `a=b=c`: each word of a group to the first of it. Blanks inside a word are written as `_`. */
export function groups(text: string): ReadonlyMap<string, string> {
  const entries = words(text).flatMap(group => {
    const [first = '', ...others] = group.split('=')
    return [first, ...others].map(each => [each, first] as const)
  })
  return new Map(entries)
}
