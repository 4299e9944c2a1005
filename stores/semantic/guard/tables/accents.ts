/** Accents that may be left out at the end of a word, and those that change what a word means. */
import { wordSet } from './list.ts'

/** A final accent else tells tense and person: hablo, habló. */
export const FINAL_ACCENTS = wordSet(
  `café cafés menú sofá bebé perú bogotá panamá canadá mamá papá_ josé así aquí allí ahí allá está_ qué por_qué japón`,
)

/** Written without accents, by their meaning with and without. */
export const ACCENT_SENSES = wordSet(
  'el esta estas papa cortes ingles_ sabia seria hacia rio publico practico',
)
