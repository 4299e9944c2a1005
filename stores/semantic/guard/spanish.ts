/**
 * Spanish questions as parts. Nothing floats and articles are kept: `la capital` is no `el capital`, and `la mató` no
 * `los mató`. Endings tell person and tense, so that only those of nouns are taken off.
 */
import { plainsOf } from './frame.ts'
import type { Part } from './part.ts'
import { FIRST_PERSONS, SPANISH_FRAMES } from './tables/frames-spanish.ts'
import { kindIndex, SPANISH_KINDS } from './tables/kinds.ts'
import { lengthOf } from './tables/pattern.ts'
import { QUESTIONS } from './tables/questions.ts'
import { type Token, tokenOf } from './token.ts'

const ENCLITIC = /^(.{2,}(?:[aei]r|ír|oír))(me|te|se|lo|la|los|las|le|les|nos)?$/

/** A way of asking how or where the asker does something, as one word before the verb: `cómo hago`, `cómo puedo hacer`. */
export function withSpanishTurns(tokens: readonly Token[]): readonly Token[] {
  const plains = plainsOf(tokens)
  const howTo = lengthOf(SPANISH_FRAMES.howTo, plains)
  const whereTo = lengthOf(SPANISH_FRAMES.whereTo, plains)
  const long = howTo || whereTo
  if (long > 0) return infinitive(tokens, long, howTo > 0 ? 'how-to' : 'where-to') ?? tokens
  if (plains[0] !== 'como' && plains[0] !== 'donde') return tokens
  const turn = plains[0] === 'como' ? 'how-to' : 'where-to'
  return infinitive(tokens, 1, turn) ?? firstPerson(tokens, turn) ?? tokens
}

function infinitive(tokens: readonly Token[], at: number, turn: string): readonly Token[] | undefined {
  const verb = tokens[at]
  const match = verb && ENCLITIC.exec(verb.plain)
  if (!match) return undefined
  const [, form = '', clitic] = match
  return turned(turn, form.slice(0, -2), clitic, tokens.slice(at + 1))
}

const CLITICS = new Set('me lo la los las le les'.split(' '))
const NO_VERBS = new Set(
  'no lo yo como otro esto eso todo mucho poco hecho cierto algo solo mismo cuando luego uno'.split(' '),
)

function firstPerson(tokens: readonly Token[], turn: string): readonly Token[] | undefined {
  const clitic = CLITICS.has(tokens[1]?.plain ?? '') ? tokens[1]?.plain : undefined
  const at = clitic === undefined ? 1 : 2
  const verb = tokens[at]
  if (!verb || NO_VERBS.has(verb.plain) || !/.{3}o$/.test(verb.low)) return undefined
  const stem = FIRST_PERSONS.get(verb.plain) ?? verb.plain.slice(0, -1)
  return turned(turn, stem, clitic, tokens.slice(at + 1))
}

const turned = (turn: string, stem: string, clitic: string | undefined, rest: readonly Token[]) => [
  tokenOf(turn),
  tokenOf(`${stem}-`),
  ...(clitic === undefined ? [] : [tokenOf(clitic)]),
  ...rest,
]

const COPULAS: Readonly<Record<string, string>> = {
  es: 'ser',
  son: 'ser',
  está: 'estar',
  están: 'estar',
  estan: 'estar',
}
/** Their accent is their meaning. */
const ACCENTED = new Set('él tú mí sí sé té dé éste ésta'.split(' '))
const PREPOSITIONS = new Set('a de en por para con desde hasta'.split(' '))

export function spanishMeaning(
  token: Token,
  at: number,
  tokens: readonly Token[],
): Pick<Part, 'kind' | 'key'> {
  const { low, plain } = token
  const before = tokens[at - 1]
  const isEstar = plain === 'esta' && (low === 'está' || QUESTIONS.es.has(before?.plain ?? ''))
  const copula = isEstar ? 'estar' : COPULAS[low]
  if (copula !== undefined) return { kind: 'tense', key: copula }
  if (plain === 'how-to' || plain === 'where-to') return { kind: 'question', key: plain }
  if (QUESTIONS.es.has(plain) && asks(token, at, before))
    return { kind: 'question', key: QUESTION_KEYS[plain] ?? plain }
  if (ACCENTED.has(low)) return { kind: 'person', key: low }
  return { kind: KIND_OF.get(plain) ?? 'words', key: stem(plain) }
}

const QUESTION_KEYS: Readonly<Record<string, string>> = { cuales: 'cual', quienes: 'quien' }

/** By its accent, or by its place where the accent was left out. */
function asks({ low, plain }: Token, at: number, before: Token | undefined): boolean {
  return low !== plain || at === 0 || (at === 1 && PREPOSITIONS.has(before?.plain ?? ''))
}

const KIND_OF = kindIndex(SPANISH_KINDS)

/** Plurals that no verb form looks like: gatos, canciones, ciudades, motores. */
function stem(plain: string): string {
  if (KIND_OF.has(plain) || plain.length < 5) return plain
  if (/(iones|dades|ores|ales)$/.test(plain)) return plain.slice(0, -2)
  return /[^m]os$/.test(plain) ? plain.slice(0, -1) : plain
}
