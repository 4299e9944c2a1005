/** What somebody may have meant by a word that is none of those known. */

/** So many letters may be wrong, left out, added or swapped. */
const MISTAKES_MAX = 2

/** `; did you mean X?`, or nothing where no word is near. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = known
    .map(each => [each, distance(word, each)] as const)
    .filter(([each, mistakes]) => mistakes <= Math.min(MISTAKES_MAX, Math.floor(each.length / 2)))
    .sort(([, a], [, b]) => a - b)
  return near[0] ? `; did you mean ${near[0][0]}?` : ''
}

/** Damerau's distance of two words, each stretch of letters changed at most once. */
function distance(from: string, to: string): number {
  const rows = Array.from({ length: from.length + 1 }, (_, row) =>
    Array.from({ length: to.length + 1 }, (_, column) => (row === 0 ? column : column === 0 ? row : 0)),
  )
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= from.length; row++) {
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      rows[row]?.splice(
        column,
        1,
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
  }
  return at(from.length, to.length)
}
