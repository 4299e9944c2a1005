/** A text as a list of words, numbers and signs. What could change a meaning is kept: signs, case, apostrophes. */

/** A word, a number or a sign of a text. */
export interface Token {
  /** As written. */
  readonly text: string
  /** In lower case. */
  readonly low: string
  /** In lower case and without accents; ñ is a letter. */
  readonly plain: string
  readonly isNumber: boolean
  /** Whether a sentence begins here, so that a capital says nothing. */
  readonly isFirst: boolean
}

/**
 * In this order: 5th, 1.º; -1,234.5, 10:30, 3/4; words with their inner apostrophes, hyphens and dots, and C++; any sign.
 * A minus belongs to the number where neither a letter, a digit nor a closing bracket stands before it.
 */
const TOKEN =
  /\d+(?:st|nd|rd|th|\.?[ºª])(?![\p{L}\d])|(?:(?<![\p{L}\p{N})\]])[-−])?\d+(?:[.,:/]\d+)*|\p{L}[\p{L}\p{M}\p{N}_]*(?:['.-][\p{L}\p{N}]+)*[+#]*|\S/gu

/** Marks that carry no meaning of their own. */
const SILENT = new Set([...'?¿¡!.,;:"\'()[]«»“”‘`…—'])
const SENTENCE_END = new Set([...'?¿!¡.…:'])

/** The tokens of a text, without marks that carry no meaning. */
export function tokensOf(text: string): readonly Token[] {
  const clean = text
    .normalize('NFC')
    .replace(/\p{Cf}/gu, '')
    .replace(/[’ʼ´]/g, "'")
    .trim()
  const found: Token[] = []
  let isFirst = true
  for (const { 0: each, index } of clean.matchAll(TOKEN)) {
    const isFactorial = each === '!' && /\d/.test(clean.charAt(index - 1)) && clean.charAt(index + 1) !== ''
    const isReply = each === ',' && /^(no|yes|s[ií])$/.test(found.at(-1)?.low ?? '')
    if (!SILENT.has(each) || isFactorial || isReply) {
      found.push(tokenOf(each, isFirst))
      isFirst = false
    } else if (SENTENCE_END.has(each)) isFirst = true
  }
  return found
}

/** The token of one word, number or sign. */
export function tokenOf(text: string, isFirst = false): Token {
  const low = text.toLowerCase().replace('−', '-')
  return { text, low, plain: withoutAccents(low), isNumber: /^-?\d/.test(low), isFirst }
}

/** The word without acute, grave and double-dot accents. Other marks, as of ñ, stay. */
export const withoutAccents = (low: string): string =>
  low
    .normalize('NFD')
    .replace(/[\u0300\u0301\u0308]/g, '')
    .normalize('NFC')
