/** The computed judge prefers the answers that people would. */
import { expect, test } from 'vitest'
import { type Judged, judge } from '#answers/computed-judge.ts'
import { finalScore } from '#answers/rubric.ts'

const BLUE: Judged = {
  question: '¿Por qué el cielo se ve azul?',
  reference: 'Porque las moléculas del aire dispersan la luz azul mucho más que la roja.',
  answer: 'Porque las moléculas del aire dispersan la luz azul mucho más que la roja.',
}
const final = (more: Partial<Judged>) => finalScore(judge({ ...BLUE, ...more }).scores)

test('the reference itself is nearly perfect', () => {
  expect(final({})).toBeGreaterThan(9)
})

test('better answers score higher, and the threshold of 6 lies between good and bad', () => {
  const ranked = [
    'El aire dispersa la luz azul más que la roja, por sus moléculas.',
    'Porque el aire dispersa la luz azul.',
    'Porque refleja el color del mar.',
    'No lo sé.',
    '',
  ].map(answer => final({ answer }))
  expect(ranked).toEqual([...ranked].sort((a, b) => b - a))
  expect(ranked[0]).toBeGreaterThan(6)
  expect(ranked[2]).toBeLessThan(6)
  expect(ranked[4]).toBe(0)
})

test('a short reference is found in a longer answer that its context supports', () => {
  const scores = judge({
    question: 'How many volunteers cleaned the beach?',
    context: 'In all, 142 volunteers cleaned the beach in four hours.',
    reference: '142',
    answer: '142. In all, 142 volunteers cleaned the beach in four hours.',
  }).scores
  expect(finalScore(scores)).toBeGreaterThan(8)
})

test('inventing costs exactness, length costs concision', () => {
  const plain = judge(BLUE).scores
  const invented = judge({
    ...BLUE,
    answer: `${BLUE.answer} Los marcianos pintaron además varias nubes verdes.`,
  })
  expect(invented.scores.exactness).toBeLessThan(plain.exactness)
  const long = judge({ ...BLUE, answer: Array(8).fill(BLUE.answer).join(' ') })
  expect(long.scores.concision).toBeLessThan(plain.concision)
})

test('without a reference an answer to the question passes and an evasion does not', () => {
  const open = { question: 'Suggest a quiet hobby for long winter evenings', reference: undefined }
  expect(final({ ...open, answer: 'Knitting is a quiet hobby for long winter evenings.' })).toBeGreaterThan(6)
  expect(final({ ...open, answer: 'I cannot say.' })).toBeLessThan(6)
})

test.each([
  [
    'missing words, in Spanish',
    { answer: 'Porque el aire dispersa la luz.' },
    'No menciona: moleculas, azul',
  ],
  ['an evasion', { answer: 'No lo sé.' }, 'Responde la pregunta'],
  ['emptiness', { answer: ' ' }, 'La respuesta está vacía.'],
  ['nothing at all', {}, 'Nada que añadir.'],
  [
    'missing words, in English',
    { question: 'Why is the sky blue?', reference: 'Because of scattering', answer: 'Because of the sea' },
    'It does not mention: scattering.',
  ],
])('the feedback tells of %s', (_, more, feedback) => {
  expect(judge({ ...BLUE, ...more }).feedback).toContain(feedback)
})

test('every score is from 0 to 10, whatever is judged', () => {
  for (const answer of ['', '?', 'x'.repeat(5_000), 'a. '.repeat(3_000), '🦀', '<answer>', '1 2 3'])
    for (const score of Object.values(judge({ ...BLUE, answer }).scores)) {
      expect(score).toBeGreaterThanOrEqual(0)
      expect(score).toBeLessThanOrEqual(10)
    }
})
