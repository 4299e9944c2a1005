/** Words, sentences and reading ease in both languages. */
import { expect, test } from 'vitest'
import { contentStems, coverage, languageOf, readingEase, sentences, stem, words } from '#models/words.ts'

test('normalised words lose accents and case, and keep numbers', () => {
  expect(words('¡Él comió 3,5 piñas! — "C\'est ça"')).toEqual([
    'el',
    'comio',
    '3',
    '5',
    'pinas',
    'c',
    'est',
    'ca',
  ])
})

test.each([
  ['moléculas', 'molécula'],
  ['dispersan', 'dispersan'],
  ['rapidamente', 'rapida'],
  ['scattered', 'scatter'],
  ['vaccines', 'vaccine'],
])('%s and %s have one stem', (a, b) => {
  expect(contentStems(a)).toEqual(contentStems(b))
})

test('short words and numbers have no other stem', () => {
  expect(['gas', 'sea', '1987'].map(stem)).toEqual(['gas', 'sea', '1987'])
})

test('function words of either language carry no meaning', () => {
  expect([...contentStems('the of and el la de que what is it por')]).toEqual([])
})

test('coverage is a share, and is 1 when nothing is required', () => {
  expect(coverage(new Set(['a', 'b']), new Set(['b', 'c']))).toBe(0.5)
  expect(coverage(new Set(), new Set())).toBe(1)
})

test('a sentence ends at its mark, and not at a decimal point', () => {
  expect(sentences('It lasts 365.24 days. Why? Because...\nA line')).toEqual([
    'It lasts 365.24 days.',
    'Why?',
    'Because...',
    'A line',
  ])
  expect(sentences(' ... ')).toEqual([])
})

test.each([
  ['¿Por qué el cielo es azul?', 'es'],
  ['Why is the sky blue?', 'en'],
  ['Recomiéndame tres cosas', 'es'],
  ['Kubernetes', 'en'],
] as const)('the text "%s" is in the language %s', (text, language) => {
  expect(languageOf(text)).toBe(language)
})

test('short sentences of short words are easier to read', () => {
  const easy = 'The cat sat. The dog ran.'
  const hard =
    'Notwithstanding considerable methodological heterogeneity, interdisciplinary investigations substantiate the aforementioned characterization.'
  expect(readingEase(easy, 'en')).toBeGreaterThan(90)
  expect(readingEase(hard, 'en')).toBeLessThan(0)
  expect(readingEase('El sol sale. La luna se va.', 'es')).toBeGreaterThan(80)
  expect(readingEase('', 'en')).toBe(0)
})
