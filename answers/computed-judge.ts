/** A judge without a model: scores computed from overlap with the reference, length and readability. A pure function. */

import {
  contentStems,
  coverage,
  type Language,
  languageOf,
  readingEase,
  sentences,
  stem,
  words,
} from '#models/words.ts'
import type { Scores, Verdict } from './rubric.ts'

/** What the computed judge compares. */
export interface Judged {
  readonly question: string
  /** Text that the answer may draw on. */
  readonly context?: string | undefined
  readonly answer: string
  readonly reference?: string | undefined
}

interface Measured {
  /** Share of the reference's words in the answer; of the question's words where there is no reference. */
  readonly recall: number
  /** Share of the answer's words that reference, question or context support. */
  readonly support: number
  readonly ease: number
  readonly length: number
  readonly lengthMax: number
  readonly evasive: boolean
}

/** Spanish letters are no word characters to \b, so the end of a word is spelt out. */
const EVASIONS = [
  /(?<!\p{L})(no (lo )?sé|no puedo|no tengo (datos|información))(?!\p{L})/iu,
  /\b(i (do not|don't) know|i cannot|i can't|not sure)\b/i,
]

/**
 * - exactness: F2 measure (van Rijsbergen, 1979; recall counts twice) of support and recall
 * - completeness: recall; clarity: reading ease, 70 and more being full marks
 * - concision: full marks up to one and a half times the reference (at least 40 words), none at five times that
 * - usefulness: recall, nothing for an answer that evades
 *
 * It measures words, not truth: a reference is what makes it worth something. Without one, exactness stays in the middle.
 */
export function judge(judged: Judged): Verdict {
  const language = languageOf(`${judged.question} ${judged.answer}`)
  const measured = measure(judged, language)
  return {
    scores: scoresOf(measured, hasText(judged.reference)),
    feedback: feedbackOn(judged, measured, language),
  }
}

function measure({ question, context, answer, reference }: Judged, language: Language): Measured {
  const given = contentStems(answer)
  const wanted = contentStems(hasText(reference) ? reference : question)
  const sources = contentStems(`${reference ?? ''} ${question} ${context ?? ''}`)
  return {
    recall: given.size === 0 ? 0 : coverage(wanted, given),
    support: given.size === 0 ? 0 : coverage(given, sources),
    ease: readingEase(answer, language),
    length: words(answer).length,
    lengthMax: Math.max(40, 1.5 * words(reference ?? '').length),
    evasive: EVASIONS.some(evasion => evasion.test(answer)),
  }
}

function scoresOf(m: Measured, hasReference: boolean): Scores {
  if (m.length === 0) return { exactness: 0, completeness: 0, clarity: 0, concision: 0, usefulness: 0 }
  const f2 = m.support + m.recall === 0 ? 0 : (5 * m.support * m.recall) / (4 * m.support + m.recall)
  const exactness = hasReference ? f2 : 0.5 + 0.25 * m.recall
  return {
    exactness: outOfTen(m.evasive ? exactness / 2 : exactness),
    completeness: outOfTen(hasReference ? m.recall : 0.4 + 0.6 * m.recall),
    clarity: outOfTen((m.ease + 30) / 100),
    concision: outOfTen(1 - (m.length / m.lengthMax - 1) / 4),
    usefulness: outOfTen(m.evasive ? 0 : hasReference ? m.recall : 0.4 + 0.6 * m.recall),
  }
}

const outOfTen = (share: number) => Math.round(Math.min(1, Math.max(0, share)) * 100) / 10

const PHRASES = {
  en: {
    empty: 'The answer is empty.',
    evasive: 'Answer the question instead of evading it.',
    missing: 'It does not mention: ',
    long: 'Say it in fewer words.',
    hard: 'Use shorter sentences and simpler words.',
    good: 'Nothing to add.',
  },
  es: {
    empty: 'La respuesta está vacía.',
    evasive: 'Responde la pregunta en lugar de eludirla.',
    missing: 'No menciona: ',
    long: 'Dilo con menos palabras.',
    hard: 'Usa frases más cortas y palabras más sencillas.',
    good: 'Nada que añadir.',
  },
} as const
const MISSING_MAX = 8

function feedbackOn({ question, reference, answer }: Judged, m: Measured, language: Language): string {
  const say = PHRASES[language]
  if (m.length === 0) return say.empty
  const missing = missingWords(hasText(reference) ? reference : question, answer)
  const remarks = [
    m.evasive ? say.evasive : '',
    missing.length > 0 ? `${say.missing}${missing.slice(0, MISSING_MAX).join(', ')}.` : '',
    m.length > m.lengthMax ? say.long : '',
    m.ease < 30 && sentences(answer).length > 0 ? say.hard : '',
  ]
  return remarks.filter(remark => remark !== '').join(' ') || say.good
}

function missingWords(wanted: string, answer: string): readonly string[] {
  const given = contentStems(answer)
  const carrying = contentStems(wanted)
  return [...new Set(words(wanted))].filter(word => carrying.has(stem(word)) && !given.has(stem(word)))
}

const hasText = (text: string | undefined): text is string => text !== undefined && text.trim() !== ''
