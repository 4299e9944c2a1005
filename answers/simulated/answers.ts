/** What a simulated model says. It knows nothing: it draws on the reference, the context or the text that it is given. */

import type { Asked } from '#models/simulated/asked.ts'
import { draws } from '#models/simulated/draw.ts'
import { instanceOf } from '#models/simulated/instance.ts'
import { contentStems, coverage, languageOf, sentences } from '#models/words.ts'
import { judge } from '../computed-judge.ts'
import { unescapeTags } from '../prompts.ts'
import { VERDICT_NAME } from '../rubric.ts'
import { moderationOf, sentimentOf } from './lexicon.ts'

/** The same request always gets the same answer. */
export function answerTo(asked: Asked): string {
  const prompt = asked.messages
    .filter(message => message.role === 'user')
    .map(message => message.content)
    .join('\n\n')
  const text = tagged(prompt, 'text') ?? prompt
  switch (asked.schema?.name) {
    case VERDICT_NAME:
      return JSON.stringify(verdictOn(prompt))
    case 'sentiment':
      return JSON.stringify(sentimentOf(text))
    case 'moderation':
      return JSON.stringify(moderationOf(text))
    case undefined:
      return freeText(asked, prompt)
    default:
      return JSON.stringify(instanceOf(asked.schema?.schema ?? {}, freeText(asked, prompt)))
  }
}

function verdictOn(prompt: string): object {
  const { scores, feedback } = judge({
    question: tagged(prompt, 'question') ?? tagged(prompt, 'document') ?? tagged(prompt, 'text') ?? '',
    context: [tagged(prompt, 'context'), tagged(prompt, 'document'), tagged(prompt, 'text')].join(' '),
    answer: tagged(prompt, 'answer') ?? '',
    reference: tagged(prompt, 'reference'),
  })
  return { ...scores, feedback }
}

/** Share of the questions that the model never answers well, whatever the prompt; and the best quality of such answers. */
const BEYOND_SHARE = 0.05
const BEYOND_QUALITY_MAX = 0.2

/** The first attempt is as good as its draw; each further one, or one with feedback, is better. */
function qualityOf(asked: Asked, prompt: string, question: string): number {
  const [luck] = draws(asked.seed, asked.requestId, 'quality')
  const [difficulty] = draws(asked.seed, question, 'difficulty')
  const improved = asked.hints.attempt ? asked.hints.attempt - 1 : tagged(prompt, 'feedback') ? 1 : 0
  const quality = Math.min(1, 0.2 + 0.8 * luck + 0.3 * improved)
  return difficulty < BEYOND_SHARE ? Math.min(BEYOND_QUALITY_MAX, quality) : quality
}

function freeText(asked: Asked, prompt: string): string {
  const document = tagged(prompt, 'document')
  const question = tagged(prompt, 'question') ?? document ?? prompt
  const quality = qualityOf(asked, prompt, question)
  const context = tagged(prompt, 'context') ?? document ?? ''
  const reference = asked.hints.reference ?? tagged(prompt, 'reference')
  if (reference) return fromReference(reference, context, quality, languageOf(`${question} ${reference}`))
  if (document) return summaryOf(document, 60)
  if (context) return relevantTo(question, context, Math.ceil(quality * 2))
  return fromNothing(question)
}

/** As much of the reference as the quality allows; a short one with the sentence of the context that it stands in. */
function fromReference(reference: string, context: string, quality: number, language: 'es' | 'en'): string {
  const all = reference.trim().split(/\s+/)
  const kept = all.length <= 3 ? (quality < 0.5 ? 0 : all.length) : Math.ceil(quality * all.length)
  if (kept === 0) return language === 'es' ? 'No puedo decirlo con certeza.' : 'I cannot say for certain.'
  const said = all.slice(0, kept).join(' ')
  const whole = kept < all.length ? `${said}...` : /[.!?]$/.test(said) ? said : `${said}.`
  const support =
    all.length <= 8 ? sentences(context).find(sentence => sentence.includes(reference)) : undefined
  return support ? `${whole} ${support}` : whole
}

/** The sentences whose words are the commonest of the text, in their order, up to a number of words. */
export function summaryOf(document: string, wordsMax: number): string {
  const all = sentences(document)
  const weight = new Map<string, number>()
  for (const sentence of all)
    for (const word of contentStems(sentence)) weight.set(word, (weight.get(word) ?? 0) + 1)
  const worth = (sentence: string) => {
    const stems = [...contentStems(sentence)]
    return stems.reduce((sum, word) => sum + (weight.get(word) ?? 0), 0) / Math.max(1, stems.length)
  }
  const ranked = all.map((sentence, place) => ({ sentence, place, worth: worth(sentence) }))
  ranked.sort((a, b) => b.worth - a.worth || a.place - b.place)
  const taken: typeof ranked = []
  let length = 0
  for (const candidate of ranked) {
    length += candidate.sentence.split(/\s+/).length
    if (taken.length > 0 && length > wordsMax) break
    taken.push(candidate)
  }
  return taken
    .sort((a, b) => a.place - b.place)
    .map(({ sentence }) => sentence)
    .join(' ')
}

function relevantTo(question: string, context: string, count: number): string {
  const wanted = contentStems(question)
  const ranked = sentences(context).map((sentence, place) => ({
    sentence,
    place,
    worth: coverage(wanted, contentStems(sentence)),
  }))
  ranked.sort((a, b) => b.worth - a.worth || a.place - b.place)
  return ranked
    .slice(0, count)
    .map(({ sentence }) => sentence)
    .join(' ')
}

function fromNothing(question: string): string {
  const topic = question.replace(/[¿?¡!]/g, '').trim()
  return languageOf(question) === 'es'
    ? `Respuesta simulada: no hay referencia ni contexto sobre «${topic}».`
    : `Simulated answer: there is no reference or context on "${topic}".`
}

/** The text of a tag of the pipeline's prompts. */
export function tagged(prompt: string, tag: string): string | undefined {
  const start = prompt.indexOf(`<${tag}>`)
  const end = prompt.indexOf(`</${tag}>`, start)
  if (start < 0 || end < 0) return undefined
  return unescapeTags(prompt.slice(start + tag.length + 2, end)).trim() || undefined
}
