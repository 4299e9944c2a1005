/** The language of the reader, and words in it. Only the catalogue that is read is fetched. */
import { batch, signal } from '@preact/signals-core'
import type { en } from './words/en.ts'

export type Language = 'en' | 'es'
export type Word = keyof typeof en

type Catalogue = Readonly<Record<Word, string>>

const CATALOGUES: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: async () => (await import('./words/en.ts')).en,
  es: async () => (await import('./words/es.ts')).es,
}

export const language = signal<Language>('en')
const words = signal<Partial<Catalogue>>({})

/** Resolves once the words are there. Rejects where they cannot be fetched: then the language stays as it is. */
export async function speak(wanted: Language): Promise<void> {
  const catalogue = await CATALOGUES[wanted]()
  batch(() => {
    words.value = catalogue
    language.value = wanted
  })
}

type Values = Readonly<Record<string, string | number>>

/** The words of the catalogue, with values in the place of names in braces. */
export const t = (word: Word, values: Values = {}): string =>
  (words.value[word] ?? word).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))

/** The words under a key that others have made; nothing where the catalogue does not have it. */
export function wordsUnder(key: string): string | undefined {
  const all: Readonly<Record<string, string | undefined>> = words.value
  return Object.hasOwn(all, key) ? all[key] : undefined
}

/** A word of the catalogue for something that others name; what it does not have is shown as it is. */
export const named = (group: string, name: string): string => wordsUnder(`${group}.${name}`) ?? name
