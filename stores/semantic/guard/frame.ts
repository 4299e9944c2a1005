/**
 * Takes off what people put around a question. What is left asks the same: `can you tell me why the sky is blue` is
 * `why the sky is blue`. A frame goes only where a question follows, or a thing that the frame asks for.
 */
import type { Language } from './language.ts'
import { ENGLISH_FRAMES, ORDERS } from './tables/frames-english.ts'
import { SPANISH_FRAMES } from './tables/frames-spanish.ts'
import { lengthAtEnd, lengthOf, type Pattern } from './tables/pattern.ts'
import { QUESTIONS } from './tables/questions.ts'
import { type Token, tokenOf } from './token.ts'

export const framesOf = (language: Language) => (language === 'en' ? ENGLISH_FRAMES : SPANISH_FRAMES)

export const plainsOf = (tokens: readonly Token[]): readonly string[] => tokens.map(({ plain }) => plain)

/** The question without what people put around it: greetings, thanks, `please tell me`. */
export function withoutFrames(tokens: readonly Token[], language: Language): readonly Token[] {
  let rest = tokens
  for (let next = strip(rest, language); next !== rest; next = strip(rest, language)) rest = next
  return rest
}

function strip(tokens: readonly Token[], language: Language): readonly Token[] {
  const frames = framesOf(language)
  const plains = plainsOf(tokens)
  const atEnd = lengthAtEnd(frames.closing, plains)
  if (atEnd > 0) return tokens.slice(0, -atEnd)
  const greeting = lengthOf(frames.greeting, plains)
  if (greeting > 0 && greeting < tokens.length) return tokens.slice(greeting)
  return (
    asked(tokens, frames.explain, language) ??
    asked(tokens, frames.ask, language) ??
    ordered(tokens, language)
  )
}

function ordered(tokens: readonly Token[], language: Language): readonly Token[] {
  const length = lengthOf(framesOf(language).order, plainsOf(tokens))
  return length > 0 && ORDERS.has(tokens[length]?.plain ?? '') ? tokens.slice(length) : tokens
}

/** What a frame asks for; nothing where no frame begins here, or where something else follows it. */
function asked(
  tokens: readonly Token[],
  frames: readonly Pattern[],
  language: Language,
): readonly Token[] | undefined {
  const length = lengthOf(frames, plainsOf(tokens))
  const rest = withoutGreeting(tokens.slice(length), language)
  const first = rest[0]?.plain
  if (length === 0 || first === undefined) return undefined
  if (beginsQuestion(rest, language)) return rest
  if (CONDITIONS[language].has(first)) return rest.slice(1)
  const isExplained = frames === framesOf(language).explain
  if (!isExplained && !asksForThing(plainsOf(tokens).slice(0, length), rest, language)) return undefined
  return [...(language === 'en' ? WHAT_IS : isExplained ? QUE_ES : CUAL_ES), ...rest]
}

function withoutGreeting(tokens: readonly Token[], language: Language): readonly Token[] {
  return tokens.slice(lengthOf(framesOf(language).greeting, plainsOf(tokens)))
}

/** `in Python, how do I sort` with its place last, as `how do I sort in Python` has it. */
export function withPlaceLast(tokens: readonly Token[], language: Language): readonly Token[] {
  const plains = plainsOf(tokens)
  const at = plains.findIndex(word => QUESTIONS[language].has(word))
  const isPlace = PLACES.has(plains[0] ?? '') && at >= 2 && at <= PLACE_WORDS_MAX
  if (!isPlace || PREPOSITIONS[language].has(plains[at - 1] ?? '')) return tokens
  return [...tokens.slice(at), ...tokens.slice(0, at)]
}

const PLACES = new Set(['in', 'on', 'en'])
const PLACE_WORDS_MAX = 4

const CONDITIONS = { en: new Set(['if', 'whether']), es: new Set(['si']) }
const PREPOSITIONS = {
  en: new Set(['in', 'at', 'on', 'by', 'for', 'to']),
  es: new Set(['en', 'a', 'de', 'por', 'para', 'con', 'desde', 'hasta']),
}
const WHAT_IS = ['what', 'is'].map(word => tokenOf(word))
const QUE_ES = ['qué', 'es'].map(word => tokenOf(word))
const CUAL_ES = ['cuál', 'es'].map(word => tokenOf(word))

/** Whether the first word, or the one after a preposition, asks a question. */
export function beginsQuestion(tokens: readonly Token[], language: Language): boolean {
  const [first, second] = plainsOf(tokens)
  const isQuestion = (word: string | undefined) => QUESTIONS[language].has(word ?? '')
  return isQuestion(first) || (PREPOSITIONS[language].has(first ?? '') && isQuestion(second))
}

/** `tell me the capital of Peru` asks for it; `tell me a joke` does not ask what a joke is. */
function asksForThing(frame: readonly string[], rest: readonly Token[], language: Language): boolean {
  const isTelling = frame.some(word => TELLING.has(word)) && !frame.includes('show')
  const definite = language === 'en' ? ['the'] : ['el', 'la']
  return isTelling && definite.includes(rest[0]?.low ?? '') && rest.some(({ plain }) => OF.has(plain))
}

const OF = new Set(['of', 'de', 'del', 'between', 'entre'])
const TELLING = new Set(
  'tell know say saber decir decirme dime digame decime indicar indicarme indicame sabes sabe sabrias'.split(
    ' ',
  ),
)
