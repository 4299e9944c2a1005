/** Rules on what a user of the package can meet. */
import { publicMembers } from './public-members.ts'
import { publicSymbols } from './public-symbols.ts'
import type { Finding, Rule } from './rule.ts'
import type { SourceFile } from './source.ts'

export const PUBLIC_RULES: readonly Rule[] = [
  {
    name: 'public-docs',
    because: 'a user reads in the editor what a symbol is, and has no other page about it',
    instead:
      'write a doc comment above the declaration: what it is, its shape, its unit, and the errors that it throws',
    check: tree => {
      const missing = publicSymbols(tree).filter(({ file, offset }) => !hasDoc(file, offset))
      const found = missing.map(({ name, entry, file, offset }): Finding => {
        return {
          path: file.path,
          line: file.lineOf(offset),
          what: `${name}, which ${entry} exports, has no doc comment`,
        }
      })
      return [...new Map(found.map(each => [`${each.path}:${each.line}`, each])).values()]
    },
    breach: {
      'package.json': '{ "exports": { ".": "./index.ts" } }',
      'index.ts': "/** Entry. */\nexport { type Bare, documented } from '#core/bare.ts'\n",
      'core/bare.ts':
        '/** Head of the file. */\nexport interface Bare {}\n\n/** What it is. */\nexport const documented = 1\n',
    },
  },
  {
    name: 'member-docs',
    because: 'a user meets the members of a type in the editor, one at a time and without the page about it',
    instead:
      'write one line of a doc comment above the member: what it is, its unit, and what its absence means',
    check: tree => {
      const found = publicSymbols(tree).flatMap(symbol =>
        publicMembers(symbol)
          .filter(({ name, offset }) => !IN_ROWS.test(name) && !hasDoc(symbol.file, offset))
          .map(({ name, offset }): Finding => {
            const { path } = symbol.file
            return { path, line: symbol.file.lineOf(offset), what: `${name} has no doc comment` }
          }),
      )
      return [...new Map(found.map(each => [`${each.path}:${each.line}`, each])).values()]
    },
    breach: {
      'package.json': '{ "exports": { ".": "./index.ts" } }',
      'index.ts': "/** Entry. */\nexport type { Half } from '#core/half.ts'\n",
      'core/half.ts':
        '/** Head. */\n\n/** What it is. */\nexport interface Half {\n  /** What it is. */\n  a: 1\n  b: 2\n}\n',
    },
  },
]

/** Members whose description is a row of a table in the same file. */
const IN_ROWS = /^(StageMetrics|PodMetrics)\./

/** Whether a doc comment ends right above the declaration. The comment at the head of a file says what the file is. */
function hasDoc(file: SourceFile, offset: number): boolean {
  return file.comments.some(
    ({ type, start, end, value }) =>
      type === 'Block' &&
      value.startsWith('*') &&
      start > 0 &&
      end < offset &&
      file.text.slice(end, offset).trim() === '' &&
      file.lineOf(end) === file.lineOf(offset) - 1,
  )
}
