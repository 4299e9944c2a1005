/** What counts as a sentence, where the rules on prose look for long ones. */
import { expect, it } from 'vitest'
import { linesOf, sentencesOf, textOfComment, words } from '../tidy/prose.ts'
import { commentsOf, longSentences, privateWords, SENTENCE_WORDS_MAX } from '../tidy/prose-rules.ts'
import { SourceFile } from '../tidy/source.ts'

const texts = (text: string) => sentencesOf(text).map(sentence => sentence.text)

it('a sentence ends at a full stop, a question mark, and at the end of its paragraph, list item or heading', () => {
  expect(texts('# A title\nOne. Two? Three\nof them.\n\n- an item\n- another\n  of two lines')).toEqual([
    '# A title',
    'One.',
    'Two?',
    'Three of them.',
    'an item',
    'another of two lines',
  ])
})

it('code and tables hold no sentences, and a span of code or a link counts as what is read', () => {
  expect(
    texts('See [the page](a/long/address.md) of `a.b c`.\n\n```ts\nno. No.\n```\n| No. | No. |'),
  ).toEqual(['See the page of X.'])
})

it('a number with a point and an abbreviation before a small letter end no sentence', () => {
  expect(texts('Kafka 4.3.1 takes 1.5 s, e.g. here. `x` begins the next.')).toEqual([
    'Kafka 4.3.1 takes 1.5 s, e.g. here.',
    'X begins the next.',
  ])
})

it('a label in bold with a colon is a sentence of its own', () => {
  expect(texts('**What happened:** The disk is full.')).toEqual(['**What happened.**', 'The disk is full.'])
})

it('a sentence is found at the line where it begins', () => {
  const long = 'word '.repeat(SENTENCE_WORDS_MAX)
  const text = `Short.\n\nAlso short. And\nthis one. Then\n${long}end.\n`
  expect(longSentences({ path: 'a.md', text }).map(({ line }) => line)).toEqual([4])
})

it('signs are no words', () => {
  expect(words('a -> b, 25 % of them')).toBe(5)
})

it('a comment is checked like a page', () => {
  const comment = '*\n * First line\n * and second. `anew` is code, anew is not.\n '
  const text = textOfComment(comment)
  expect(texts(text)).toEqual(['First line and second.', 'X is code, anew is not.'])
  expect(privateWords({ path: 'a.ts', text })).toEqual([
    { path: 'a.ts', line: 3, what: '"anew"; write: again; of a task: restarted' },
  ])
})

it('words are looked for in tables too, and not in code', () => {
  expect(linesOf('| cell | `code` |\n```\nfence\n```')).toEqual(['| cell | X |', '', '', ''])
})

it('line comments below each other are one text, and the lines of a drawing none', () => {
  const code = '/**\n * Drawn:\n *   a --> b\n */\n// One sentence on\n// two lines.\nconst a = 1 // Alone.\n'
  expect(commentsOf(new SourceFile('core/a.ts', code))).toEqual([
    { line: 1, text: '\nDrawn:\n\n' },
    { line: 5, text: 'One sentence on\ntwo lines.' },
    { line: 7, text: 'Alone.' },
  ])
})
