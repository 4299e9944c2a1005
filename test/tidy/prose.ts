/** The sentences of a text that people read: a page in Markdown, or a comment. Code and tables are left out. */

export interface Sentence {
  /** Without the addresses of links; a span of code is one word. */
  readonly text: string
  /** Zero-based line of its first word. */
  readonly line: number
}

export const words = (sentence: string): number =>
  sentence.split(/\s+/).filter(token => /[\p{L}\p{N}]/u.test(token)).length

/** A sentence ends at its full stop, and at the end of its paragraph, list item or heading. */
export function sentencesOf(text: string): readonly Sentence[] {
  return paragraphsOf(text).flatMap(({ line, lines }) => {
    const sentences: Sentence[] = []
    let at = line
    for (const part of plain(lines.join('\n')).split(SENTENCE_END)) {
      const lead = part.length - part.trimStart().length
      const first = at + breaksIn(part.slice(0, lead))
      if (part.trim() !== '') sentences.push({ text: part.trim().replace(/\s+/g, ' '), line: first })
      at += breaksIn(part)
    }
    return sentences
  })
}

/** Every line as people read it, tables included and code left out: where words are looked for. */
export function linesOf(text: string): readonly string[] {
  return withoutFences(text).map(plain)
}

/** The text of a comment, without the stars at the beginning of its lines. */
export function textOfComment(comment: string): string {
  return comment
    .split('\n')
    .map((line, index) => line.replace(index === 0 ? /^\*?\s?/ : /^\s*\*?\s?/, ''))
    .join('\n')
}

/** Behind a full stop and what closes with it; a following capital, digit or opening mark begins the next one. */
const SENTENCE_END = /(?<=[.!?][)"'*]*)(?=\s+[("'*[]*[\p{Lu}\p{N}])/u
const TABLE = /^\s*\|/
const ITEM = /^\s*([-*]|\d+\.)\s/
const HEADING = /^#+ /

interface Paragraph {
  readonly line: number
  readonly lines: string[]
}

function paragraphsOf(text: string): readonly Paragraph[] {
  const found: Paragraph[] = []
  let current: Paragraph | undefined
  for (const [line, content] of withoutFences(text).entries()) {
    if (content.trim() === '' || TABLE.test(content)) {
      current = undefined
      continue
    }
    if (!current || ITEM.test(content) || HEADING.test(content)) {
      current = { line, lines: [] }
      found.push(current)
    }
    current.lines.push(content.replace(ITEM, ''))
    if (HEADING.test(content)) current = undefined
  }
  return found
}

/** As many lines as the text has; those of fenced code are empty. */
function withoutFences(text: string): readonly string[] {
  let isCode = false
  return text.split('\n').map(line => {
    const isFence = /^\s*```/.test(line)
    if (isFence) isCode = !isCode
    return isFence || isCode ? '' : line
  })
}

/** A label in bold with a colon is no part of the sentence behind it. */
function plain(text: string): string {
  return text
    .replace(/`[^`]*`/g, 'X')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/:\*\*/g, '.**')
}

const breaksIn = (text: string): number => text.split('\n').length - 1
