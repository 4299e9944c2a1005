/** Words that ask. Spanish ones are often written without their accent. */
import { wordSet } from './list.ts'

export const QUESTIONS = {
  en: wordSet('how what when where why who whom whose which'),
  es: wordSet('como que cuando donde adonde quien quienes cual cuales cuanto cuanta cuantos cuantas'),
}

/** Words after which a clause of its own begins; those of the second list only before a pronoun. */
export const CLAUSES = wordSet(
  'that who whom whose which what when where why how if whether because while although though but unless so',
)
export const CLAUSES_BEFORE_PRONOUN = wordSet('before after until since as than')
export const SUBJECTS = wordSet('i you he she it we they')
