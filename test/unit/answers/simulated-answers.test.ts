/** What the simulated model says to each kind of prompt. */
import { expect, test } from 'vitest'
import { readVerdict } from '#answers/rubric.ts'
import { answerTo, summaryOf, tagged } from '#answers/simulated/answers.ts'
import { moderationOf, sentimentOf } from '#answers/simulated/lexicon.ts'
import type { Asked } from '#models/simulated/asked.ts'
import { instanceOf } from '#models/simulated/instance.ts'
import { validator } from '#models/structured.ts'

const ask = (prompt: string, more: Partial<Asked> = {}) =>
  answerTo({
    messages: [
      { role: 'system', content: 'You are helpful.' },
      { role: 'user', content: prompt },
    ],
    schema: undefined,
    hints: { attempt: 9 },
    seed: '1',
    requestId: 'r1',
    ...more,
  })

test('a reference is answered with, and a short one with its sentence of the context', () => {
  expect(ask('<question>Two and two?</question>', { hints: { reference: 'Four', attempt: 9 } })).toBe('Four.')
  const prompt =
    '<question>How many came?</question><context>It rained. In all, 142 people came. Then it ended.</context>'
  expect(ask(prompt, { hints: { reference: '142', attempt: 9 } })).toBe('142. In all, 142 people came.')
})

test('a first attempt may fall short of it, in the language of the question', () => {
  const answers = Array.from({ length: 40 }, (_, n) =>
    ask('<question>¿Quién ganó la carrera de botes?</question>', {
      hints: { reference: 'Marta Ríos' },
      requestId: `r${n}`,
    }),
  )
  const evasions = answers.filter(answer => answer === 'No puedo decirlo con certeza.').length
  expect(evasions).toBeGreaterThan(4)
  expect(evasions).toBeLessThan(30)
})

test('some questions stay beyond the simulated model, whatever its feedback is', () => {
  const reference = 'one two three four five six seven eight nine ten'
  const cut = Array.from({ length: 200 }, (_, n) =>
    ask(`<question>Question ${n}?</question>`, { hints: { reference, attempt: 9 } }),
  ).filter(answer => answer.endsWith('...'))
  expect(cut.length).toBeGreaterThan(2)
  expect(cut.length).toBeLessThan(20)
})

test('without a reference it draws on the context, and without that it says so', () => {
  const prompt =
    '<question>When does the shop open?</question><context>Dogs may enter. The shop does open at nine.</context>'
  expect(ask(prompt)).toContain('The shop does open at nine.')
  expect(ask('<question>¿Qué hora es?</question>')).toBe(
    'Respuesta simulada: no hay referencia ni contexto sobre «Qué hora es».',
  )
})

test('a document is summarized by its weightiest sentences, in order and within the length', () => {
  const document =
    'The garden grows. The garden of the school grows vegetables. It rained on Monday. Vegetables of the school garden feed the canteen.'
  expect(summaryOf(document, 14)).toBe('The garden grows. The garden of the school grows vegetables.')
  expect(ask(`<document>${document}</document>`, { hints: {} }).length).toBeLessThanOrEqual(document.length)
})

test('as a judge it computes a verdict of the rubric’s schema', () => {
  const prompt = (answer: string) =>
    `<question>Two and two?</question><reference>It is four</reference><answer>${answer}</answer>`
  const verdict = (answer: string) => {
    const read = readVerdict(ask(prompt(answer), { schema: { name: 'verdict', schema: {} } }))
    if ('faults' in read) throw new TypeError(read.faults.join())
    return read
  }
  expect(verdict('It is four.').scores.exactness).toBe(10)
  expect(verdict('A fish.').scores.exactness).toBe(0)
  expect(verdict('A fish.').feedback).toContain('four')
})

test('a schema that it does not know is filled all the same', () => {
  const schema = {
    type: 'object',
    additionalProperties: false,
    required: ['label', 'score', 'tags', 'sure', 'text', 'none', 'kind'],
    properties: {
      label: { enum: ['b', 'a'] },
      score: { type: 'number', minimum: 2 },
      tags: { type: 'array', items: { type: 'string' } },
      sure: { type: 'boolean' },
      text: { type: 'string' },
      none: { type: ['null', 'string'] },
      kind: { const: 'x' },
    },
  }
  expect(validator(schema)(instanceOf(schema, 'words'))).toEqual([])
  const answer = ask('<question>Why?</question>', { schema: { name: 'unheard_of', schema } })
  expect(validator(schema)(JSON.parse(answer))).toEqual([])
})

test.each([
  ['Me encanta, es excelente y rápida.', 'positive'],
  ['Llegó tarde y roto, pésimo servicio.', 'negative'],
  ['La tienda abre a las nueve.', 'neutral'],
  ['The staff was rude and the room dirty.', 'negative'],
  ['I love it, wonderful!', 'positive'],
  ['It is not good.', 'negative'],
  ['No es malo.', 'positive'],
])('"%s" is %s', (text, label) => {
  expect(sentimentOf(text).label).toBe(label)
})

test.each([
  ['Eres un imbécil.', ['harassment']],
  ['Te voy a golpear, idiota.', ['harassment', 'violence']],
  ['Free casino, click here for bitcoin', ['spam']],
  ['Click the button to save.', []],
  ['Thanks for your help.', []],
])('"%s" is flagged for %j', (text, categories) => {
  expect(moderationOf(text)).toMatchObject({ categories, flagged: categories.length > 0 })
})

test('tags are read back as they were before they were escaped', () => {
  expect(tagged('<a>x &lt;a> &amp;lt; & y</a>', 'a')).toBe('x <a> &lt; & y')
  expect(tagged('<a> </a>', 'a')).toBeUndefined()
  expect(tagged('<a>open', 'a')).toBeUndefined()
})
