/** Sentiment and moderation by word lists, in Spanish and English: honest heuristics, so that simulated answers mean something. */
import { languageOf, stem, words } from '#models/words.ts'

const POSITIVE =
  'good great excellent amazing love loved lovely perfect happy helpful fast friendly wonderful recommend fantastic best enjoyed delicious clean bueno buena excelente genial encanta encantó perfecto perfecta feliz útil rápido amable maravilloso recomiendo fantástico mejor disfruté delicioso limpio increíble contento contenta gracias'
const NEGATIVE =
  'bad terrible awful hate hated horrible broken slow rude dirty worst disappointing disappointed useless late refund cold crash crashes waste malo mala pésimo terrible odio horrible roto rota lento lenta grosero sucio sucia peor decepcionante decepcionado decepcionada inútil tarde reembolso frío falla fallas perdido desastre'
const NEGATIONS = new Set(['no', 'not', 'never', 'nunca', 'jamas', 'sin', 'without', 'nor', 'ni', 't'])

const FLAGS: Readonly<Record<string, string>> = {
  harassment:
    'idiot stupid moron loser pathetic worthless idiota estúpido estúpida imbécil inútil patético basura tonto',
  violence:
    'kill murder shoot stab hurt destroy matar mato asesinar disparar apuñalar golpear golpearé lastimar',
  self_harm: 'suicide suicidio suicidarme autolesión',
  spam: 'viagra casino jackpot bitcoin gratis giveaway sorteo premio click',
}

const stems = (list: string) => new Set(words(list).map(stem))
const POSITIVE_STEMS = stems(POSITIVE)
const NEGATIVE_STEMS = stems(NEGATIVE)
const FLAG_STEMS = Object.entries(FLAGS).map(([category, list]) => [category, stems(list)] as const)

/** What the words of a text say about its mood. */
export interface Sentiment {
  readonly label: 'positive' | 'negative' | 'neutral'
  readonly confidence: number
  readonly rationale: string
}

/** Counts of positive and negative words; one of the two words before it that negates turns a word around. */
export function sentimentOf(text: string): Sentiment {
  const all = words(text)
  const signs = all.map((word, place) => {
    const sign = POSITIVE_STEMS.has(stem(word)) ? 1 : NEGATIVE_STEMS.has(stem(word)) ? -1 : 0
    const negated = all.slice(Math.max(0, place - 2), place).some(before => NEGATIONS.has(before))
    return negated ? -sign : sign
  })
  const found = signs.filter(sign => sign !== 0)
  const balance = found.reduce((sum: number, sign) => sum + sign, 0)
  const label = balance > 0 ? 'positive' : balance < 0 ? 'negative' : 'neutral'
  const strength = found.length === 0 ? 0 : Math.abs(balance) / found.length
  return {
    label,
    confidence: Math.round((0.5 + strength * 0.45) * 100) / 100,
    rationale: rationale(
      text,
      all.filter((_, place) => signs[place] !== 0),
    ),
  }
}

/** What the words of a text say about its harm. */
export interface Moderation {
  readonly flagged: boolean
  readonly categories: readonly string[]
  readonly reason: string
}

/** Flagged when a word of a category's list occurs; spam wants two. */
export function moderationOf(text: string): Moderation {
  const all = words(text)
  const hits = FLAG_STEMS.map(
    ([category, list]) => [category, all.filter(word => list.has(stem(word)))] as const,
  )
  const flagged = hits.filter(([category, found]) => found.length >= (category === 'spam' ? 2 : 1))
  return {
    flagged: flagged.length > 0,
    categories: flagged.map(([category]) => category),
    reason: rationale(
      text,
      flagged.flatMap(([, found]) => found),
    ),
  }
}

function rationale(text: string, found: readonly string[]): string {
  const spanish = languageOf(text) === 'es'
  if (found.length === 0) return spanish ? 'Ninguna palabra lo indica.' : 'No word points to it.'
  const list = [...new Set(found)].slice(0, 5).join(', ')
  return spanish ? `Lo indican: ${list}.` : `These words point to it: ${list}.`
}
