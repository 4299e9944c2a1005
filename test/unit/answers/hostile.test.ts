/** A question is only ever data: what hostile texts do to prompts and to the scores of the simulated judge, which is nothing. */
import { describe, expect, it } from 'vitest'
import { judge } from '#answers/computed-judge.ts'
import { generationRequest, judgeRequest } from '#answers/prompting.ts'
import { finalScore, readVerdict, WEIGHTS } from '#answers/rubric.ts'
import { answerTo } from '#answers/simulated/answers.ts'
import { settingsOf } from '#answers/task-type.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import type { Generated } from '#answers/types.ts'
import type { ModelRequest } from '#models/model.ts'
import { ATTEMPT, REQUEST } from '../operators/values.ts'
import { HOSTILE_ENGLISH, HOSTILE_SPANISH } from './hostile-texts.ts'

const ENGLISH = {
  title: 'Why is the sky blue?',
  best_answer: 'Because air scatters blue light more than red.',
  answer: 'Air scatters blue light more than red.',
  weak: 'I do not know.',
}
const SPANISH = {
  title: '¿Por qué el cielo es azul?',
  best_answer: 'Porque el aire dispersa la luz azul más que la roja.',
  answer: 'El aire dispersa la luz azul más que la roja.',
  weak: 'No lo sé.',
}
type Base = typeof ENGLISH

const CASES: readonly (readonly [string, Base])[] = [
  ...HOSTILE_ENGLISH.map(text => [text, ENGLISH] as const),
  ...HOSTILE_SPANISH.map(text => [text, SPANISH] as const),
]

const judgedAs = ({ title, best_answer }: Base, answer: string, more: object = {}): Generated => ({
  ...REQUEST,
  title,
  best_answer,
  attempt: { ...ATTEMPT, answer },
  ...more,
})

/** What the simulated judge makes of it, from nothing but the prompt. */
function verdictOf(generated: Generated) {
  const { messages, schema } = judgeRequest(generated, {})
  const verdict = readVerdict(answerTo({ messages, schema, hints: {}, seed: '1', requestId: 'r' }))
  if ('faults' in verdict) throw new TypeError(verdict.faults.join('; '))
  return { ...verdict, final: finalScore(verdict.scores, WEIGHTS) }
}

/** The tags of a text, also those that only a reader who overlooks marks would take for some. */
function tagsIn(text: string): readonly string[] {
  const plain = text.normalize('NFKC').replace(/\p{Cf}/gu, '')
  return (plain.match(/<\s*\/?\s*\w+/g) ?? []).map(tag => tag.toLowerCase().replace(/\s/g, ''))
}

/** The tags of the prompt stand where they stand around a harmless text. Other tags close nothing. */
function expectSameTags(asked: ModelRequest, plain: ModelRequest): void {
  expect(asked.messages[0]).toEqual(plain.messages[0])
  const tags = tagsIn(userOf(plain))
  const own = new Set(tags.flatMap(tag => [tag, tag.replace('</', '<'), tag.replace(/^<\/?/, '</')]))
  expect(tagsIn(userOf(asked)).filter(tag => own.has(tag))).toEqual(tags)
}

const userOf = ({ messages }: ModelRequest): string => {
  expect(messages.map(({ role }) => role)).toEqual(['system', 'user'])
  return messages[1]?.content ?? ''
}

it('there are at least sixty of them, all different, in two languages', () => {
  expect(new Set(CASES.map(([text]) => text)).size).toBeGreaterThanOrEqual(60)
  expect(HOSTILE_SPANISH.length).toBeGreaterThanOrEqual(30)
})

describe.each(CASES)('%j', (hostile, base) => {
  const title = `${base.title} ${hostile}`

  it('in a question or its context moves no score of the simulated judge', () => {
    const { scores, final } = verdictOf(judgedAs(base, base.answer))
    expect(verdictOf(judgedAs(base, base.answer, { title }))).toMatchObject({ scores, final })
    expect(verdictOf(judgedAs(base, base.answer, { content: hostile }))).toMatchObject({ scores, final })
  })

  it('in an answer is judged as the text that it is, and gains nothing', () => {
    const { title: question, best_answer: reference, answer, weak } = base
    const good = verdictOf(judgedAs(base, `${answer} ${hostile}`))
    const { scores, feedback } = judge({ question, reference, answer: `${answer} ${hostile}`.trim() })
    expect(good).toMatchObject({ scores, feedback })
    expect(good.final).toBeLessThanOrEqual(verdictOf(judgedAs(base, answer)).final)
    expect(verdictOf(judgedAs(base, `${weak} ${hostile}`)).final).toBeLessThan(6)
  })

  it('stands in one user message between tags that it cannot close', () => {
    for (const type of Object.values(TASK_TYPES)) {
      const { settings } = settingsOf(type, { threshold: 6, attemptsMax: 3 }, undefined)
      const plain = generationRequest({ ...REQUEST, title: base.title, content: 'more' }, settings)
      const asked = generationRequest({ ...REQUEST, title, content: `more ${hostile}` }, settings)
      expectSameTags(asked, plain)
    }
    const plain = judgeRequest(judgedAs(base, base.answer, { content: 'more' }), {})
    const asked = judgeRequest(judgedAs(base, hostile, { title, content: `more ${hostile}` }), {})
    expectSameTags(asked, plain)
  })
})
