/** Rules on sentences: how long they are, and whether their words are those of the field. */
import { linesOf, sentencesOf, textOfComment, words } from './prose.ts'
import { type Finding, inProduct, type Rule } from './rule.ts'
import type { SourceFile, Tree } from './source.ts'

export const SENTENCE_WORDS_MAX = 25

/** What is not written, and what is written for it. */
const PRIVATE_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\banew\b/i, 'again; of a task: restarted'],
  [/\bbef(all(s|en|ing)?|ell)\b/i, 'happens to'],
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
  [/\bwho(m?ever|soever)\b/i, 'the actor by its name'],
  [/\btold\b/i, 'logged, reported, named'],
  [/\b(stand(s|ing)?|stood) still\b/i, 'blocked, paused'],
  [/\bnamesakes?\b/i, 'duplicate pod name'],
  [/\bheirs?\b/i, 'successor'],
  [/\bone that is back\b/i, 'successor'],
  [/\bstrangers?\b/i, 'the actor by its name'],
  [/\bin vain\b/i, 'for nothing'],
  [/\bfor want of\b/i, 'without'],
  [/\b(is|are|was|were) wanted\b/i, 'is required'],
]

export interface Page {
  readonly path: string
  readonly text: string
}

/** Sentences of a page or of a comment that are too long to be read once. */
export function longSentences({ path, text }: Page): readonly Finding[] {
  return sentencesOf(text)
    .filter(sentence => words(sentence.text) > SENTENCE_WORDS_MAX)
    .map(sentence => ({
      path,
      line: sentence.line + 1,
      what: `${words(sentence.text)} words: ${sentence.text}`,
    }))
}

/** Words of a page or of a comment for which the field has another one. */
export function privateWords({ path, text }: Page): readonly Finding[] {
  return linesOf(text).flatMap((line, index) =>
    PRIVATE_WORDS.flatMap(([pattern, instead]) => {
      const hit = pattern.exec(line)?.[0]
      return hit === undefined ? [] : [{ path, line: index + 1, what: `"${hit}"; write: ${instead}` }]
    }),
  )
}

const isPage = (path: string): boolean => /^(docs\/[\w/-]+|README|ARCHITECTURE|CONTRIBUTING)\.md$/.test(path)

const perPage =
  (check: (page: Page) => readonly Finding[]) =>
  (tree: Tree): readonly Finding[] =>
    [...tree.texts].filter(([path]) => isPage(path)).flatMap(([path, text]) => check({ path, text }))

/** A line of a drawing in a comment holds no sentence. */
const DRAWING = /[─│▶▲▼└┘┐┌]|--[>\w]|->.*->/

/** The comments of a file, each with the line where it begins. Line comments below each other are one text. */
export function commentsOf(file: SourceFile): readonly { readonly text: string; readonly line: number }[] {
  const found: { text: string; line: number; nextLine: number }[] = []
  for (const { type, value, start, end } of file.comments) {
    const line = file.lineOf(start)
    const isLine =
      type === 'Line' && file.text.slice(file.text.lastIndexOf('\n', start) + 1, start).trim() === ''
    const text = type === 'Line' ? value.trimStart() : textOfComment(value)
    const above = found.at(-1)
    if (isLine && above?.nextLine === line) above.text += `\n${text}`
    else found.push({ text, line, nextLine: 0 })
    const last = found.at(-1)
    if (isLine && last) last.nextLine = file.lineOf(end - 1) + 1
  }
  return found.map(({ text, line }) => ({
    line,
    text: text
      .split('\n')
      .map(each => (DRAWING.test(each) ? '' : each))
      .join('\n'),
  }))
}

const perComment =
  (check: (page: Page) => readonly Finding[]) =>
  (tree: Tree): readonly Finding[] =>
    tree.sources.flatMap(file =>
      commentsOf(file).flatMap(({ text, line }) =>
        check({ path: file.path, text }).map(found => ({ ...found, line: line + found.line - 1 })),
      ),
    )

/** Texts of the program: those with a space, as names and keys have none. Placeholders of a template count as a word. */
function textsOf(file: SourceFile): readonly { readonly text: string; readonly line: number }[] {
  const found: { text: string; line: number }[] = []
  const add = (start: number, text: string) => {
    if (text.includes(' ')) found.push({ text, line: file.lineOf(start) })
  }
  file.visit({
    Literal: node => {
      if (typeof node.value === 'string') add(node.start, node.value)
    },
    TemplateLiteral: node => add(node.start, node.quasis.map(({ value }) => value.raw).join('X')),
  })
  return found
}

/** The names of tests and of their groups, as they are written. */
function testNamesOf(file: SourceFile): readonly { readonly text: string; readonly line: number }[] {
  const found: { text: string; line: number }[] = []
  file.visit({
    CallExpression: node => {
      const name = node.arguments[0]
      if (!/^(describe|it|test)\b/.test(file.text.slice(node.callee.start, node.callee.end))) return
      if (name?.type === 'Literal' && typeof name.value === 'string')
        found.push({ text: name.value, line: file.lineOf(node.start) })
    },
  })
  return found
}

const perText =
  (
    applies: (file: SourceFile) => boolean,
    textsIn: typeof textsOf,
    checks: readonly ((page: Page) => readonly Finding[])[],
  ) =>
  (tree: Tree): readonly Finding[] =>
    tree.sources
      .filter(applies)
      .flatMap(file =>
        textsIn(file).flatMap(({ text, line }) =>
          checks.flatMap(check => check({ path: file.path, text }).map(found => ({ ...found, line }))),
        ),
      )

export const PROSE_RULES: readonly Rule[] = [
  {
    name: 'sentence-length',
    because: `a sentence of more than ${SENTENCE_WORDS_MAX} words holds more than one fact and is read twice`,
    instead: 'write one fact a sentence, the fact before its reason; a list or a table for many of a kind',
    check: perPage(longSentences),
    breach: { 'docs/long.md': `${'A fact, '.repeat(SENTENCE_WORDS_MAX / 2)}and one\nmore.\n` },
  },
  {
    name: 'plain-words',
    because: 'a newcomer knows the words of the field, and nobody else knows ours',
    instead: 'use the word of the glossary in ARCHITECTURE.md, and name the actor',
    check: perPage(privateWords),
    breach: { 'docs/riddle.md': `| a task | ${['w', 'hoever'].join('')} takes it |\n` },
  },
  {
    name: 'comment-length',
    because: `a sentence of more than ${SENTENCE_WORDS_MAX} words holds more than one fact and is read twice`,
    instead: 'write one fact a sentence, the fact before its reason; a list for many of a kind',
    check: perComment(longSentences),
    breach: {
      'core/long.ts': `/** Long. */\n\n// ${'A fact, '.repeat(SENTENCE_WORDS_MAX / 2)}and\n// one more.\n`,
    },
  },
  {
    name: 'comment-words',
    because: 'a newcomer knows the words of the field, and nobody else knows ours',
    instead: 'use the word of the glossary in ARCHITECTURE.md, and name the actor',
    check: perComment(privateWords),
    breach: { 'core/riddle.ts': `/** A task that ${['w', 'hoever'].join('')} is free takes. */\n` },
  },
  {
    name: 'message-words',
    because: 'a message is read by somebody in trouble, who knows the words of the field and not ours',
    instead: 'say what happened, then what to do, in the words of the glossary',
    check: perText(inProduct, textsOf, [privateWords]),
    breach: {
      'core/riddle.ts': `/** Riddle. */\nexport const riddle = 'the task is ${['to', 'ld'].join('')} to wait'\n`,
    },
  },
  {
    name: 'test-names',
    because: 'the report of a failed test shows its name, and the name must be understood at once',
    instead: 'write one whole sentence that can be read without its describe, in the words of the glossary',
    check: perText(file => file.path.startsWith('test/'), testNamesOf, [privateWords, longSentences]),
    breach: {
      'test/unit/riddle.test.ts': `/** Riddle. */\nit('is ${['to', 'ld'].join('')} to ${['who', 'ever'].join('')} asks', () => {})\n`,
    },
  },
]
