/** Reads a question: its language, and what it consists of once everything is off that says nothing. */
import { englishContext, englishMeaning, withEnglishTurns, withoutContractions } from './english.ts'
import { withoutFrames, withPlaceLast } from './frame.ts'
import { type Language, languageOf } from './language.ts'
import { numberAt } from './number.ts'
import type { Part, RuleName } from './part.ts'
import { spanishMeaning, withSpanishTurns } from './spanish.ts'
import { MONTH_NUMBERS, WEEKDAYS } from './tables/calendar.ts'
import { CAPITAL_NAMES } from './tables/name-words.ts'
import { PHRASE_WORDS_MAX, SYNONYMS } from './tables/synonyms.ts'
import { type Token, tokensOf } from './token.ts'

/** A question as the rules compare it. */
export interface Reading {
  readonly language: Language
  readonly parts: readonly Part[]
  /** Whether no word in the midst of a sentence has a capital: its writer may have left capitals out. */
  readonly hasNoCapitals: boolean
  /** Whether no letter has an accent: its writer may have left accents out. */
  readonly hasNoAccents: boolean
}

/** The rule by which a question cannot be compared with any other. */
export interface Unread {
  readonly unread: RuleName
}

const CHARACTERS_MAX = 2_000
const WORDS_MAX = 200

/** Reads a question. One that is too long, empty, or in no known language stays unread. */
export function read(text: string): Reading | Unread {
  if (text.length > CHARACTERS_MAX) return { unread: 'length' }
  const tokens = withoutContractions(tokensOf(text))
  if (tokens.length > WORDS_MAX) return { unread: 'length' }
  if (tokens.length === 0) return { unread: 'empty' }
  const language = languageOf(tokens, /[¿¡]/.test(text))
  if (language === undefined) return { unread: 'language' }
  const hasNoCapitals = isWithoutCapitals(tokens)
  const bare = withPlaceLast(withoutFrames(tokens, language), language)
  const parts = partsOf(bare, language, isShouted(tokens))
  if (!parts.some(({ kind }) => kind === 'words' || kind === 'number')) return { unread: 'empty' }
  const hasNoAccents = tokens.every(({ low, plain }) => low === plain)
  return { language, parts, hasNoCapitals, hasNoAccents }
}

/** The question itself, for an embedder: what stands around it says nothing. A text that cannot be read stays whole. */
export function withoutFrame(text: string): string {
  const tokens = withoutContractions(tokensOf(text.slice(0, CHARACTERS_MAX)))
  const language = languageOf(tokens, /[¿¡]/.test(text))
  if (language === undefined || text.length > CHARACTERS_MAX) return text
  return withPlaceLast(withoutFrames(tokens, language), language)
    .map(token => token.low)
    .join(' ')
}

const isCapital = ({ text }: Token): boolean => /^\p{Lu}/u.test(text)
const isWithoutCapitals = (tokens: readonly Token[]): boolean =>
  tokens.every(token => token.isFirst || !isCapital(token) || token.text === 'I')

/** Every word with a capital, or nothing but capitals: they say nothing. */
const isShouted = (tokens: readonly Token[]): boolean => {
  const written = tokens.filter(({ text }) => /\p{L}/u.test(text))
  return written.length > 2 && written.every(isCapital)
}

function partsOf(bare: readonly Token[], language: Language, isShouted: boolean): readonly Part[] {
  const named = bare.map(token =>
    isCountry(token, isShouted) ? { ...token, plain: `^${token.plain}` } : token,
  )
  const tokens = language === 'en' ? withEnglishTurns(named) : withSpanishTurns(named)
  const context = englishContext(tokens)
  const parts: Part[] = []
  for (let at = 0; at < tokens.length; ) {
    const token = tokens[at]
    if (!token) break
    const several = phraseAt(tokens, at, language, 2)
    const measured = several ? undefined : numberAt(tokens, at, language)
    const phrase = several ?? (measured ? undefined : phraseAt(tokens, at, language, 1))
    const letter = letterOf(token, isShouted)
    if (measured) parts.push(...measured.parts.map(each => partOf(each.token, each, 'small')))
    else if (phrase) parts.push(partOf(token, { kind: 'words', key: phrase.key }, 'small'))
    else {
      const meaning =
        dayMeaning(token) ??
        (language === 'en' ? englishMeaning(token.plain, at, context) : spanishMeaning(token, at, tokens))
      if (meaning) parts.push(partOf(token, meaning, letter))
    }
    at += measured?.length ?? phrase?.length ?? 1
  }
  return parts
}

/** US, IT, WHO: names that are another word in lower case. */
const isCountry = ({ text, isFirst }: Token, isShouted: boolean): boolean =>
  !isShouted && text.length > 1 && CAPITAL_NAMES.has(text) && (!isFirst || text === text.toUpperCase())

const partOf = (
  { low, plain }: Token,
  meaning: Pick<Part, 'kind' | 'key'> & { readonly floats?: true },
  letter: Part['letter'],
): Part => ({
  kind: meaning.kind,
  key: meaning.key,
  low,
  plain,
  letter,
  ...(meaning.floats && { floats: true }),
})

function letterOf(token: Token, isShouted: boolean): Part['letter'] {
  if (!isCapital(token) || token.text === 'I') return 'small'
  return token.isFirst || isShouted ? 'first' : 'capital'
}

function dayMeaning({ plain }: Token): Pick<Part, 'kind' | 'key'> | undefined {
  const month = MONTH_NUMBERS.get(plain)
  const isModal = plain === 'may'
  if (month !== undefined && !isModal) return { kind: 'date', key: `month-${month}` }
  const day = WEEKDAYS.get(plain)
  return day === undefined ? undefined : { kind: 'date', key: day }
}

/** A synonym of so many words or more. */
function phraseAt(tokens: readonly Token[], at: number, language: Language, lengthMin: number) {
  for (let length = Math.min(PHRASE_WORDS_MAX, tokens.length - at); length >= lengthMin; length -= 1) {
    const phrase = tokens
      .slice(at, at + length)
      .map(({ plain }) => plain)
      .join('_')
    const key = SYNONYMS[language].get(phrase)
    if (key !== undefined) return { key, length }
  }
  return undefined
}
