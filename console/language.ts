/** The language of the reader, and words in it. */
import { signal } from '@preact/signals-core'
import { en } from './words/en.ts'
import { es } from './words/es.ts'

export type Language = 'en' | 'es'
export type Word = keyof typeof en

export const WORDS: Readonly<Record<Language, Readonly<Record<Word, string>>>> = { en, es }

export const language = signal<Language>('en')

type Values = Readonly<Record<string, string | number>>

/** The words of the catalogue, with values in the place of names in braces. */
export const t = (word: Word, values: Values = {}): string =>
  WORDS[language.value][word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))

/** A word of the catalogue for something that others name; what it does not have is shown as it is. */
export function named(group: string, name: string): string {
  const all: Readonly<Record<string, string>> = WORDS[language.value]
  const key = `${group}.${name}`
  return Object.hasOwn(all, key) ? (all[key] ?? name) : name
}
