/** What is handed on of a text that comes in pieces. */
import { expect, test } from 'vitest'
import { redactor } from '#core/secrets.ts'
import { CleanText } from '#models/clean-text.ts'

test.each([
  ['a secret whose end begins another one', ['xabcab', 'y'], ['abcab'], 'x[redacted]y'],
  ['a secret with which a longer one begins', ['abcd', 'efgh!'], ['abcd', 'abcdefgh'], '[redacted]!'],
  ['a secret with which a longer one does not go on', ['abcd', 'ex'], ['abcd', 'abcdefgh'], '[redacted]ex'],
  ['one character at a time', [...'x-abcd-abce-'], ['abcd'], 'x-[redacted]-abce-'],
  ['two secrets in one piece', ['abcdabcd', '.'], ['abcd'], '[redacted][redacted].'],
])('a text in pieces has no secret: %s', (_, pieces, secrets, clean) => {
  const heard: string[] = []
  const to = { begin: () => undefined, text: (piece: string) => void heard.push(piece) }
  const text = new CleanText(to, redactor(secrets))
  text.begin()
  for (const piece of pieces) text.text(piece)
  expect(heard.join('')).toBe(clean)
})

test('what was kept back is gone when the text begins again', () => {
  const heard: string[] = []
  const to = { begin: () => void heard.push(''), text: (piece: string) => void heard.push(piece) }
  const text = new CleanText(to, redactor(['abcd']))
  text.begin()
  text.text('ab')
  text.begin()
  text.text('cd')
  expect(heard).toEqual(['', '', 'cd'])
})
