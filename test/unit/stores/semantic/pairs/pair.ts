/** Pairs of questions as they are listed: a line each, `a | b`. */

export interface Pair {
  readonly about: string
  readonly asked: string
  readonly known: string
}

export const pairsIn = (lists: Readonly<Record<string, string>>): readonly Pair[] =>
  Object.entries(lists).flatMap(([about, list]) =>
    list
      .trim()
      .split('\n')
      .map(line => {
        const [asked = '', known = ''] = line.split(' | ').map(text => text.trim())
        return { about, asked, known }
      }),
  )
