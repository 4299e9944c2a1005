/**
 * The language of a text, by its function words. English or Spanish has to lie above every other
 * language of the table. A text of both has no language, and neither has a text without any such word.
 */
import { MARKERS } from './tables/languages.ts'
import type { Token } from './token.ts'

/** The languages in which the guard can compare questions. */
export type Language = 'en' | 'es'

/** Letters of neither language, and spellings of the neighbours: ção, nh, lh, l·l, zione, sch. */
const FOREIGN_LETTER = /[^\p{N}\p{P}\p{S}\sa-záéíóúüñïèêëâàçöä]/u
const FOREIGN_WORD = /[ãõßåøæœôîûùìò]|ç[aã]o|ções|zione|zioni|l·l|[àâêëä].*[èéç]/u
const PORTUGUESE = /nh|lh[aeo]|ss[aeo]|[cs]ao$|coes$|agem$|ei[rt][ao]s?$|ou$/
const ITALIAN = /zz|gli|cch|ggi|tt[aeio]$|ll[aeio]$|ss[aeio]$/

/** `isMarked`: whether a sentence begins with `¿` or `¡`. */
export function languageOf(tokens: readonly Token[], isMarked: boolean): Language | undefined {
  const lows = tokens.map(({ low }) => low)
  if (lows.some(low => FOREIGN_LETTER.test(low) || FOREIGN_WORD.test(low))) return undefined
  const scores = new Map(
    Object.entries(MARKERS).map(([language, markers]) => [
      language,
      lows.filter(low => markers.has(low)).length,
    ]),
  )
  const scoreOf = (language: string) => scores.get(language) ?? 0
  const own = scoreOf('en') > scoreOf('es') ? 'en' : 'es'
  const others = [...scores].filter(([language]) => language !== own)
  const rival = Math.max(...others.map(([, score]) => score))
  const isDecided = scoreOf(own) > rival || (scoreOf(own) === rival && isSpelledAs(own, lows, isMarked))
  if (!isDecided || isMixed(own, lows)) return undefined
  return own === 'es' && looksForeign(lows, scoreOf('es') - rival) ? undefined : own
}

/** A letter or ending that the rivals do not have. */
function isSpelledAs(own: Language, lows: readonly string[], isMarked: boolean): boolean {
  if (own !== 'es' || isMarked) return own === 'es'
  return lows.some(low =>
    /ñ|^(cómo|qué|cuál|cuándo|dónde|quién|cuánto|cuánta|cuántos|cuántas)$|[cs]ión$/.test(low),
  )
}

/** Words of the other language alone: the reader would be answered in one of two. */
function isMixed(own: Language, lows: readonly string[]): boolean {
  const other = own === 'en' ? 'es' : 'en'
  return lows.filter(low => MARKERS[other]?.has(low) && !MARKERS[own]?.has(low)).length > 1
}

/** Of a text that is Spanish by little, the spelling decides. */
function looksForeign(lows: readonly string[], margin: number): boolean {
  if (margin > 2) return false
  return lows.some(
    low => low.length > 3 && (PORTUGUESE.test(low) || ITALIAN.test(low)) && !/ll[ao]s?$/.test(low),
  )
}
