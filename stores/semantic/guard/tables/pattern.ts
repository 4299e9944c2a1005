/** Patterns of words: `a|b` is either word, `a?` may be absent, and every other word is itself. */

interface Place {
  readonly options: readonly string[]
  readonly isOptional: boolean
}

/** A list of places, each for one word. */
export type Pattern = readonly Place[]

/** One pattern a line. */
export const patterns = (text: string): readonly Pattern[] =>
  text
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(placeOf))

function placeOf(word: string): Place {
  const isOptional = word.endsWith('?')
  return { options: (isOptional ? word.slice(0, -1) : word).split('|'), isOptional }
}

/** How many words at the beginning the longest of the patterns that fit takes; 0 where none fits. */
export const lengthOf = (all: readonly Pattern[], words: readonly string[]): number =>
  Math.max(0, ...all.map(pattern => taken(pattern, words, 0) ?? 0))

/** The same at the end. */
export function lengthAtEnd(all: readonly Pattern[], words: readonly string[]): number {
  const fits = (length: number) =>
    all.some(pattern => taken(pattern, words.slice(words.length - length), 0) === length)
  return [6, 5, 4, 3, 2, 1].find(length => length < words.length && fits(length)) ?? 0
}

function taken(pattern: Pattern, words: readonly string[], at: number): number | undefined {
  const [place, ...others] = pattern
  if (!place) return at
  const isHere = place.options.includes(words[at] ?? '')
  const longest = isHere ? taken(others, words, at + 1) : undefined
  return longest ?? (place.isOptional ? taken(others, words, at) : undefined)
}
