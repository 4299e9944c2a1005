/** Text as words, sentences and syllables, in Spanish and English: what the computed judge and the simulated model measure. */

/** The languages whose function words are known. */
export type Language = 'es' | 'en'

const SPANISH =
  'a al algo como con cual cuando de del desde donde el ella en entre era es esa ese eso esta este esto fue ha hay la las le les lo los mas me mi muy no o para pero por porque que quien se ser si sin sobre son su sus también te tiene tu un una uno y ya'
const ENGLISH =
  'a about an and are as at be because been but by can did do does for from had has have he her his how i if in into is it its me my no not of on or our she so than that the their them then there they this to was we were what when where which who why will with would you your'
const STOPWORDS: Readonly<Record<Language, ReadonlySet<string>>> = {
  es: new Set(words(SPANISH)),
  en: new Set(words(ENGLISH)),
}

/** Lower-case words without accents; numbers count as words. */
export function words(text: string): readonly string[] {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return plain.match(/[\p{L}\p{N}]+/gu) ?? []
}

/** The words that carry meaning, without endings, each once. */
export function contentStems(text: string): ReadonlySet<string> {
  const content = words(text).filter(word => !STOPWORDS.es.has(word) && !STOPWORDS.en.has(word))
  return new Set(content.map(stem))
}

/** Adverb, number, gender and the commonest verb endings off, in this order; crude, and the same for both languages. */
export function stem(word: string): string {
  if (word.length < 5 || /\d/.test(word)) return word
  const cut = word
    .replace(/(mente|ing|ed)$/, '')
    .replace(/e?s$/, '')
    .replace(/(?<=[ae])n$/, '')
  return (cut.length < 3 ? word : cut).replace(/[aeiou]$/, '')
}

/** Share of `wanted` that is in `found`, 0 to 1; 1 when `wanted` is empty. */
export function coverage(wanted: ReadonlySet<string>, found: ReadonlySet<string>): number {
  if (wanted.size === 0) return 1
  let hits = 0
  for (const word of wanted) if (found.has(word)) hits += 1
  return hits / wanted.size
}

/** The sentences of a text; a text without words has none. */
export function sentences(text: string): readonly string[] {
  const found = text.match(/[^.!?…\n]+(?:[.!?…]+(?=\s|$)|[.!?…](?=\S)[^.!?…\n]*)*[.!?…]*/g) ?? []
  return found.map(sentence => sentence.trim()).filter(sentence => /[\p{L}\p{N}]/u.test(sentence))
}

/** Groups of vowels of a word without accents: an estimate, at least 1. */
export function syllables(word: string): number {
  const groups = word.match(/[aeiouy]+/g)?.length ?? 1
  return Math.max(1, groups)
}

/** The language with more of its function words and letters in the text; English when there is no sign of either. */
export function languageOf(text: string): Language {
  const all = words(text)
  const count = (language: Language) => all.filter(word => STOPWORDS[language].has(word)).length
  const letters = (text.match(/[áéíóúñ¿¡]/gi) ?? []).length
  return count('es') + letters > count('en') ? 'es' : 'en'
}

/**
 * Reading ease, about 0 (hard) to 100 (easy), from words per sentence and syllables per word: Flesch (1948) for English,
 * Fernández Huerta (1959) for Spanish.
 */
export function readingEase(text: string, language: Language): number {
  const all = words(text)
  if (all.length === 0) return 0
  const perSentence = all.length / Math.max(1, sentences(text).length)
  const perWord = all.reduce((sum, word) => sum + syllables(word), 0) / all.length
  return language === 'en'
    ? 206.835 - 1.015 * perSentence - 84.6 * perWord
    : 206.84 - 1.02 * perSentence - 60 * perWord
}
