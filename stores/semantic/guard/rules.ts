/** The rules of the guard, each with its name. A pair is served where none of them objects. */
import type { Kind, Part, RuleName } from './part.ts'
import type { Reading } from './reading.ts'
import { ACCENT_SENSES, FINAL_ACCENTS } from './tables/accents.ts'
import { areOpposite } from './tables/antonyms.ts'
import { NAME_WORDS } from './tables/name-words.ts'

/** One kind of difference that changes the answer to a question. */
export interface Rule {
  readonly name: RuleName
  /** The kind of words that it looks after; without it, nobody looks at them. */
  readonly kind?: Kind
  readonly objects: (a: Reading, b: Reading) => boolean
}

const ofKind = (kind: Kind): Rule => ({
  name: kind,
  kind,
  objects: (a, b) => !isSameBag(keysOf(a, kind), keysOf(b, kind)),
})

const keysOf = ({ parts }: Reading, kind: Kind): readonly string[] =>
  parts.filter(part => part.kind === kind).map(({ key }) => key)

const isSameBag = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && [...a].sort().join(' ') === [...b].sort().join(' ')

/** The words that only one of the two has. */
function difference(a: Reading, b: Reading): readonly [readonly Part[], readonly Part[]] {
  const only = (own: Reading, other: Reading) => {
    const keys = new Set(other.parts.map(({ key }) => key))
    return own.parts.filter(({ key }) => !keys.has(key))
  }
  return [only(a, b), only(b, a)]
}

const antonym: Rule = {
  name: 'antonym',
  objects: (a, b) => {
    const [onlyA, onlyB] = difference(a, b)
    return onlyA.some(one =>
      onlyB.some(other => areOpposite(one.plain, other.plain) || areOpposite(one.key, other.key)),
    )
  },
}

const isName = ({ kind, letter }: Part): boolean => kind === 'words' && letter === 'capital'

/** Names that only one of the two has, or that a word without a capital stands for. */
const name: Rule = {
  name: 'name',
  objects: (a, b) => {
    const [onlyA, onlyB] = difference(a, b)
    if ([...onlyA, ...onlyB].some(isName)) return true
    return pairs(a, b).some(([one, other]) => isOtherName(one, other, a, b))
  },
}

/** A capital counts, except against a text that has none; a name has no plural. */
function isOtherName(one: Part, other: Part, a: Reading, b: Reading): boolean {
  if (one.key !== other.key || one.letter === 'first' || other.letter === 'first') {
    return [one, other].some(isName) && one.plain !== other.plain
  }
  if (one.letter !== 'capital' && other.letter !== 'capital') return false
  if (one.plain !== other.plain) return true
  if (one.letter === other.letter) return false
  const lazy = one.letter === 'small' ? a : b
  return !lazy.hasNoCapitals || NAME_WORDS.has(one.plain)
}

const order: Rule = {
  name: 'order',
  objects: (a, b) => settledKeys(a).join(' ') !== settledKeys(b).join(' '),
}

const settled = ({ parts }: Reading): readonly Part[] => parts.filter(({ floats }) => !floats)
const settledKeys = (reading: Reading) => settled(reading).map(({ kind, key }) => `${kind}:${key}`)

/** Words at the same place of both. */
function pairs(a: Reading, b: Reading): readonly (readonly [Part, Part])[] {
  const others = settled(b)
  return settled(a).flatMap((one, index) => {
    const other = others[index]
    return other ? [[one, other] as const] : []
  })
}

/** Accents may be missing from a text that has none, but not where they tell one word from another. */
const accent: Rule = {
  name: 'accent',
  objects: (a, b) =>
    pairs(a, b).some(([one, other]) => {
      if (one.low === other.low || one.plain !== other.plain || one.kind === 'question') return false
      if (!a.hasNoAccents && !b.hasNoAccents) return true
      if (ACCENT_SENSES.has(one.plain)) return true
      const accented = one.low === one.plain ? other.low : one.low
      return /[áéíóú]$/.test(accented) && !FINAL_ACCENTS.has(accented)
    }),
}

/** In the order in which they are asked: the first that objects names the refusal. */
export const RULES: readonly Rule[] = [
  ofKind('negation'),
  ofKind('number'),
  ofKind('unit'),
  ofKind('date'),
  antonym,
  ofKind('question'),
  ofKind('comparative'),
  ofKind('quantifier'),
  ofKind('modal'),
  ofKind('tense'),
  ofKind('person'),
  name,
  ofKind('relation'),
  ofKind('article'),
  ofKind('words'),
  order,
  accent,
]
