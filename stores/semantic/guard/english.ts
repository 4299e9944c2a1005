/**
 * English questions as parts.
 *
 * - `a`, `an` and the auxiliary `do` are dropped
 * - what moves between a question and a clause (`is`, `can`, `not`) floats
 * - a word loses the s of plural and third person, and no other ending
 */
import { plainsOf } from './frame.ts'
import type { Kind, Part } from './part.ts'
import { ENGLISH_FRAMES } from './tables/frames-english.ts'
import { ENGLISH_KINDS, kindIndex } from './tables/kinds.ts'
import { lengthOf } from './tables/pattern.ts'
import { IRREGULAR_PLURALS, NO_PLURALS } from './tables/plural-senses.ts'
import { CLAUSES, CLAUSES_BEFORE_PRONOUN, QUESTIONS, SUBJECTS } from './tables/questions.ts'
import { type Token, tokenOf } from './token.ts'

const CONTRACTIONS: Readonly<Record<string, readonly string[]>> = {
  "won't": ['will', 'not'],
  "can't": ['can', 'not'],
  cannot: ['can', 'not'],
  "shan't": ['shall', 'not'],
  dont: ['do', 'not'],
  doesnt: ['does', 'not'],
  didnt: ['did', 'not'],
  isnt: ['is', 'not'],
  cant: ['can', 'not'],
  whats: ['what', 'is'],
  hows: ['how', 'is'],
  wheres: ['where', 'is'],
  im: ['i', 'am'],
}
const ENDINGS: Readonly<Record<string, string>> = {
  "'re": 'are',
  "'m": 'am',
  "'ll": 'will',
  "'ve": 'have',
  "'d": "'d",
}
const IS_AFTER = new Set('what who how where when why it that there here he she this'.split(' '))

export const withoutContractions = (tokens: readonly Token[]): readonly Token[] => tokens.flatMap(expanded)

function expanded(token: Token): readonly Token[] {
  const { low, isFirst } = token
  const known = CONTRACTIONS[low]
  if (known) return known.map((word, index) => tokenOf(word, isFirst && index === 0))
  if (/[a-z]n't$/.test(low)) return [tokenOf(low.slice(0, -3), isFirst), tokenOf('not')]
  const mark = low.lastIndexOf("'")
  if (mark <= 0) return [token]
  const [stem, ending] = [token.text.slice(0, mark), low.slice(mark)]
  const isHas = ending === "'s" && IS_AFTER.has(stem.toLowerCase())
  const word = isHas ? 'is' : (ENDINGS[ending] ?? (ending === "'s" ? "'s" : undefined))
  return word === undefined ? [token] : [tokenOf(stem, isFirst), tokenOf(word)]
}

/** A way of asking how or where the asker does something, as one word before the verb. */
export function withEnglishTurns(tokens: readonly Token[]): readonly Token[] {
  const plains = plainsOf(tokens)
  const howTo = lengthOf(ENGLISH_FRAMES.howTo, plains)
  const whereTo = lengthOf(ENGLISH_FRAMES.whereTo, plains)
  const length = howTo || whereTo
  if (length === 0 || length >= tokens.length) return tokens
  const [verb, ...rest] = tokens.slice(length)
  const isGerund = plains.slice(0, length).includes('about')
  const first = verb && isGerund ? tokenOf(baseOfGerund(verb.low)) : verb
  return [tokenOf(howTo > 0 ? 'how-to' : 'where-to'), ...(first ? [first] : []), ...rest]
}

function baseOfGerund(low: string): string {
  const stem = /^(.{2,})ing$/.exec(low)?.[1]
  if (stem === undefined) return low
  if (/([^aeiouls])\1$/.test(stem)) return stem.slice(0, -1)
  return /[^aeiou][aeiou][^aeiouwxy]$|[uv]$/.test(stem) && !/(en|er|it|on|el)$/.test(stem) ? `${stem}e` : stem
}

const COPULAS = new Set('is are am'.split(' '))
const PASTS = new Set('was were had did has have will'.split(' '))
const FLOATING_MODALS = new Set('can could may might must should shall would'.split(' '))
const DROPPED = new Set('a an'.split(' '))
const KEPT_A = new Set('few little lot bit'.split(' '))

/** Whether all of the text is one clause, so that what floats can belong to one verb only. */
export function isOneClause(plains: readonly string[]): boolean {
  return plains.every(
    (word, index) =>
      index === 0 ||
      !(CLAUSES.has(word) || (CLAUSES_BEFORE_PRONOUN.has(word) && SUBJECTS.has(plains[index + 1] ?? ''))),
  )
}

export interface Context {
  readonly plains: readonly string[]
  readonly isOneClause: boolean
  readonly hasQuantifier: boolean
}

export const englishContext = (tokens: readonly Token[]): Context => {
  const plains = plainsOf(tokens)
  const hasQuantifier = plains.some(word => ENGLISH_KINDS.quantifier.has(word))
  return { plains, isOneClause: isOneClause(plains), hasQuantifier }
}

type Meaning = Pick<Part, 'kind' | 'key'> & { readonly floats?: true }

/** What a word counts as; nothing for a word that says nothing. */
export function englishMeaning(plain: string, at: number, context: Context): Meaning | undefined {
  const { plains } = context
  const next = plains[at + 1]
  if (DROPPED.has(plain) && !KEPT_A.has(next ?? '')) return undefined
  if (plain === 'a' || plain === 'an') return { kind: 'quantifier', key: 'a' }
  if (helps(plain, plains[at - 1], next)) return undefined
  if (COPULAS.has(plain)) return { kind: 'tense', key: 'be', floats: true }
  const moves = context.isOneClause ? ({ floats: true } as const) : {}
  if (PASTS.has(plain)) return { kind: 'tense', key: TENSE_KEYS[plain] ?? plain, ...moves }
  if (FLOATING_MODALS.has(plain)) return { kind: 'modal', key: plain, ...moves }
  if (plain === 'not') return { kind: 'negation', key: 'not', ...(context.hasQuantifier ? {} : moves) }
  const isAsking = QUESTIONS.en.has(plain) || plain === 'how-to' || plain === 'where-to'
  if (isAsking) return { kind: 'question', key: plain }
  return { kind: kindOf(plain), key: stem(plain) }
}

const TENSE_KEYS: Readonly<Record<string, string>> = { were: 'was', has: 'have' }
const NOT_HELPING = new Set('to not can could should must will would may might shall'.split(' '))

/** `do` and `does` beside another verb: behind a question word, or at the beginning. */
function helps(plain: string, before: string | undefined, next: string | undefined): boolean {
  if (plain !== 'do' && plain !== 'does') return false
  const isVerb = before !== undefined && (SUBJECTS.has(before) || NOT_HELPING.has(before))
  return !isVerb && next !== undefined
}

const KIND_OF = kindIndex(ENGLISH_KINDS)

const kindOf = (plain: string): Kind => KIND_OF.get(plain) ?? 'words'

/** Without the s of plural and third person, where it is one. */
function stem(plain: string): string {
  const irregular = IRREGULAR_PLURALS.get(plain)
  if (irregular) return irregular
  if (KIND_OF.has(plain) || plain.length < 4 || NO_PLURALS.has(plain) || /(ss|us|is|'s)$/.test(plain))
    return plain
  if (/[^aeiou]ies$/.test(plain)) return `${plain.slice(0, -3)}y`
  if (/(ch|sh|x|ss|zz)es$/.test(plain)) return plain.slice(0, -2)
  return plain.endsWith('s') ? plain.slice(0, -1) : plain
}
