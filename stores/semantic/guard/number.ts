/**
 * Numbers, with their units, to one spelling: `5km`, `5 kilometers` and `five km` are `5` and `km`. Digits stay as they
 * are written where zeros may count (3.1 and 3.10 are two versions) or where one mark has two readings (1.500).
 */
import type { Language } from './language.ts'
import { MONTH_NUMBERS } from './tables/calendar.ts'
import {
  HUNDREDS_ES,
  ORDINALS_EN,
  ORDINALS_ES,
  SCALES_EN,
  SCALES_ES,
  TENS_EN,
  TENS_ES,
  UNITS_EN,
  UNITS_ES,
} from './tables/number-words.ts'
import { CASED_UNITS, CURRENCIES, LATE_UNITS, UNIT_NAMES } from './tables/units.ts'
import type { Token } from './token.ts'

/** A number, a unit or a date as a part of a question. Equal amounts have equal keys. */
export interface Measured {
  readonly kind: 'number' | 'unit' | 'date'
  readonly key: string
  readonly token: Token
}

/** The parts of an amount, and its length in tokens. */
export interface Taken {
  readonly parts: readonly Measured[]
  /** How many tokens it was written with. */
  readonly length: number
}

/** The number, date or amount that begins at a place. */
export function numberAt(tokens: readonly Token[], at: number, language: Language): Taken | undefined {
  return dateAt(tokens, at) ?? amountAt(tokens, at, language)
}

function amountAt(tokens: readonly Token[], at: number, language: Language): Taken | undefined {
  const first = tokens[at]
  if (!first) return undefined
  const hasCurrency = CURRENCIES.has(first.text) && tokens[at + 1]?.isNumber
  const from = hasCurrency ? at + 1 : at
  const number = plainNumberAt(tokens, from, language)
  if (!number) return undefined
  const scaled = scaledBy(number, tokens[from + number.length], language)
  const unit = hasCurrency ? undefined : unitAt(tokens, from + scaled.length)
  const parts: Measured[] = [{ kind: 'number', key: scaled.key, token: tokens[from] ?? first }]
  const key = hasCurrency ? UNIT_NAMES.get(first.text) : unit?.key
  if (key !== undefined) parts.push({ kind: 'unit', key, token: first })
  return { parts, length: from - at + scaled.length + (unit?.length ?? 0) }
}

interface Written {
  readonly key: string
  readonly length: number
}

function plainNumberAt(tokens: readonly Token[], at: number, language: Language): Written | undefined {
  const token = tokens[at]
  if (!token) return undefined
  if (token.isNumber) return { key: digitsKey(token.low, language), length: 1 }
  const roman = romanOf(token, tokens[at - 1])
  if (roman !== undefined) return { key: String(roman), length: 1 }
  return ordinalAt(token, tokens[at - 1], language) ?? spelledAt(tokens, at, language)
}

/** `2 mil`, `5 million`. */
function scaledBy(number: Written, next: Token | undefined, language: Language): Written {
  const scale = next && (language === 'en' ? SCALES_EN : SCALES_ES).get(next.plain)
  return scale && /^\d+$/.test(number.key)
    ? { key: String(Number(number.key) * scale), length: number.length + 1 }
    : number
}

/** Thousands are joined, and a decimal comma becomes a point, where neither can be the other. */
function digitsKey(low: string, language: Language): string {
  const ordinal = /^(\d+)(?:st|nd|rd|th|\.?[ºª])$/.exec(low)
  if (ordinal) return `${ordinal[1]}th`
  if (language === 'en' && /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(low)) return low.replaceAll(',', '')
  if (/^-?\d{1,3}(\.\d{3}){2,}$/.test(low)) return low.replaceAll('.', '')
  if (/^-?\d+,(\d{1,2}|\d{4,})$/.test(low)) return low.replace(',', '.')
  return low
}

function unitAt(tokens: readonly Token[], at: number): Written | undefined {
  const token = tokens[at]
  if (!token) return undefined
  const cased = CASED_UNITS.get(token.text)
  if (cased) return { key: cased, length: 1 }
  const joined = (length: number, mark: string) =>
    tokens
      .slice(at, at + length)
      .map(({ low }) => low)
      .join(mark)
  for (const [length, mark] of [
    [3, ''],
    [3, '_'],
    [2, '_'],
    [2, ''],
  ] as const) {
    const key = tokens.length >= at + length ? UNIT_NAMES.get(joined(length, mark)) : undefined
    if (key) return { key, length }
  }
  const key = UNIT_NAMES.get(token.plain) ?? UNIT_NAMES.get(token.low)
  const late = at === tokens.length - 1 ? LATE_UNITS.get(token.low) : undefined
  return key || late ? { key: key ?? late ?? '', length: 1 } : undefined
}

function ordinalAt(token: Token, before: Token | undefined, language: Language): Written | undefined {
  const value = (language === 'en' ? ORDINALS_EN : ORDINALS_ES).get(token.plain)
  const isTime =
    /^(second|segundo)$/.test(token.plain) && /^(a|one|per|un|por|cada|each|every)$/.test(before?.plain ?? '')
  return value === undefined || isTime ? undefined : { key: `${value}th`, length: 1 }
}

/** `twenty-five`, `treinta y cinco`, `two hundred`. */
function spelledAt(tokens: readonly Token[], at: number, language: Language): Written | undefined {
  const [units, tens, scales] =
    language === 'en'
      ? [UNITS_EN, TENS_EN, SCALES_EN]
      : [UNITS_ES, new Map([...TENS_ES, ...HUNDREDS_ES]), SCALES_ES]
  let value: number | undefined
  let length = 0
  for (; at + length < tokens.length; length += 1) {
    const plain = tokens[at + length]?.plain ?? ''
    if (language === 'es' && plain === 'y' && value !== undefined && value >= 30) {
      if (units.has(tokens[at + length + 1]?.plain ?? '')) continue
      break
    }
    const [ten = '', unit = ''] = plain.split('-')
    const simple = units.get(plain) ?? tens.get(plain)
    const joined = tens.has(ten) && units.has(unit) ? (tens.get(ten) ?? 0) + (units.get(unit) ?? 0) : simple
    const scale = scales.get(plain)
    if (joined !== undefined && (value === undefined || fits(value, joined))) value = (value ?? 0) + joined
    else if (scale !== undefined && (value !== undefined || plain === 'mil')) value = (value ?? 1) * scale
    else break
  }
  return value === undefined ? undefined : { key: String(value), length }
}

/** Whether a smaller number may follow: twenty five, but not five five. */
const fits = (value: number, next: number): boolean =>
  next > 0 && value % 10 ** String(next).length === 0 && value >= 20

const ROMAN = /^(?=[IVX])(X{0,3})(IX|IV|V?I{0,3})$/
const ROMAN_DIGITS: Readonly<Record<string, number>> = { I: 1, V: 5, X: 10 }

/** Behind a name, in capitals: Henry VIII. A single letter is a name of its own. */
function romanOf({ text, isFirst }: Token, before: Token | undefined): number | undefined {
  const follows = !isFirst && /^\p{Lu}/u.test(before?.text ?? '')
  if (!follows || !ROMAN.test(text) || text === 'X' || text === 'V') return undefined
  const digits = [...text].map(letter => ROMAN_DIGITS[letter] ?? 0)
  if (text === 'I') return undefined
  return digits.reduce((sum, digit, index) => sum + (digit < (digits[index + 1] ?? 0) ? -digit : digit), 0)
}

/** `March 5, 2024`, `5 de marzo de 2024` and `2024-03-05` are one date. With slashes nobody knows which is the month. */
function dateAt(tokens: readonly Token[], at: number): Taken | undefined {
  const token = tokens[at]
  if (!token) return undefined
  const text = tokens
    .slice(at, at + 5)
    .map(({ low }) => low.replace(/(?<=^\d{1,2})(st|nd|rd|th|º)$/, ''))
    .join(' ')
  const match = DATES.map(pattern => pattern.exec(text)).find(each => each && monthOf(each))
  if (!match?.groups) return undefined
  const { day = '', year } = match.groups
  const key = `${year ?? ''}-${monthOf(match)}-${Number(day)}`
  return { parts: [{ kind: 'date', key, token }], length: match[0].split(' ').length }
}

const DATES = [
  /^(?<year>\d{4}) - (?<month>\d\d) - (?<day>\d\d)(?= |$)/,
  /^(?<year>\d{4}) -(?<month>\d\d) -(?<day>\d\d)(?= |$)/,
  /^(?<month>\p{L}+) (?<day>\d{1,2})(?: (?<year>\d{4}))?(?= |$)/u,
  /^(?<day>\d{1,2}) (?:of |de )?(?<month>\p{L}+)(?: (?:de |del )?(?<year>\d{4}))?(?= |$)/u,
]

function monthOf({ groups }: RegExpExecArray): number | undefined {
  const month = groups?.month ?? ''
  const number = /^\d+$/.test(month) ? Number(month) : MONTH_NUMBERS.get(month)
  return number !== undefined && number >= 1 && number <= 12 ? number : undefined
}
