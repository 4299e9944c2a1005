/** Two texts word by word: what both have, and what only one has. */

export interface Piece {
  readonly kind: 'same' | 'gone' | 'new'
  readonly text: string
}

/** The longest common subsequence takes memory by the product of both lengths. */
const WORDS_MAX = 1_500

/** Words with the space behind them; texts that are too long are one piece each. */
export function difference(before: string, after: string): readonly Piece[] {
  const [a, b] = [wordsOf(before), wordsOf(after)]
  if (a.length > WORDS_MAX || b.length > WORDS_MAX)
    return [
      { kind: 'gone', text: before },
      { kind: 'new', text: after },
    ]
  const lengths = table(a, b)
  const pieces: Piece[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const [one = '', other = ''] = [a[i], b[j]]
    if (i < a.length && j < b.length && one === other) {
      add(pieces, 'same', one)
      i++
      j++
    } else if (i < a.length && (j === b.length || at(lengths, i + 1, j) >= at(lengths, i, j + 1))) {
      add(pieces, 'gone', one)
      i++
    } else {
      add(pieces, 'new', other)
      j++
    }
  }
  return pieces
}

const wordsOf = (text: string): readonly string[] => text.match(/\S+\s*|\s+/g) ?? []

const at = (lengths: readonly Uint16Array[], i: number, j: number): number => lengths[i]?.[j] ?? 0

/** At each pair of places, how many words the rests have in common. */
function table(a: readonly string[], b: readonly string[]): readonly Uint16Array[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    const row = lengths[i]
    if (!row) continue
    for (let j = b.length - 1; j >= 0; j--)
      row[j] =
        a[i] === b[j] ? at(lengths, i + 1, j + 1) + 1 : Math.max(at(lengths, i + 1, j), row[j + 1] ?? 0)
  }
  return lengths
}

function add(pieces: Piece[], kind: Piece['kind'], text: string): void {
  const last = pieces.at(-1)
  if (last?.kind === kind) pieces[pieces.length - 1] = { kind, text: last.text + text }
  else pieces.push({ kind, text })
}
