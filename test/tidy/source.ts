/** Reads the project's own files for the rules: each TypeScript file parsed once, with its imports, functions and comments. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ESTree, type ParseResult, parseSync, Visitor, type VisitorObject } from 'vite'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Folders that hold nothing of ours; of the hidden ones, only .ci does. */
const SKIPPED = /^(node_modules|data|dist|coverage|cache|\.(?!ci$).*)$/
const TEXT =
  /\.(ts|md|json|ya?ml|sh|avsc|sql|properties|toml|html|css|js|mjs)$|^[A-Z]+$|^run$|^\.[a-z]+(rc|ignore)$/

/** Top folders that are shipped; the others (test, bench, examples, scripts, deploy) serve them. */
export const PRODUCT = [
  'admin',
  'answers',
  'cli',
  'console',
  'core',
  'engine',
  'gateway',
  'models',
  'observability',
  'operators',
  'pipelines',
  'schemas',
  'stores',
  'testing',
  'topology',
  'webhooks',
]

/** Relative path to text. */
export type Texts = ReadonlyMap<string, string>

export interface Import {
  readonly from: string
  /** Path inside the project, or `undefined` for a package. */
  readonly path: string | undefined
  readonly typeOnly: boolean
  readonly offset: number
}

export interface FunctionSize {
  readonly offset: number
  readonly lines: number
}

export class SourceFile {
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly program: ESTree.Program
  readonly comments: ParseResult['comments']
  readonly imports: readonly Import[]
  readonly functions: readonly FunctionSize[]
  readonly #lineStarts: readonly number[]

  constructor(path: string, text: string) {
    const parsed = parseSync(path, text)
    this.path = path
    this.text = text
    this.#lineStarts = [0, ...[...text.matchAll(/\n/g)].map(match => match.index + 1)]
    this.lines = this.#lineStarts.length - (text.endsWith('\n') ? 1 : 0)
    this.program = parsed.program
    this.comments = parsed.comments
    this.imports = this.#readImports()
    this.functions = this.#readFunctions()
  }

  get isProduct(): boolean {
    return PRODUCT.includes(this.path.split('/')[0] ?? '') || this.path === 'index.ts'
  }

  get isTest(): boolean {
    return this.path.endsWith('.test.ts')
  }

  visit(visitor: VisitorObject): void {
    new Visitor(visitor).visit(this.program)
  }

  /** One-based line of an offset. */
  lineOf(offset: number): number {
    let low = 0
    let high = this.#lineStarts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }

  /** Whether a comment stands on the line or ends on the one before it. */
  hasCommentAt(line: number): boolean {
    return this.comments.some(
      ({ start, end }) => this.lineOf(start) === line || this.lineOf(end - 1) === line - 1,
    )
  }

  #readImports(): Import[] {
    const found: Import[] = []
    const add = (node: ESTree.Node, from: string, typeOnly: boolean) =>
      found.push({ from, path: resolve(this.path, from), typeOnly, offset: node.start })
    this.visit({
      ImportDeclaration: node => {
        const inlineTypes = node.specifiers.filter(each => 'importKind' in each && each.importKind === 'type')
        const allTypes = node.specifiers.length > 0 && inlineTypes.length === node.specifiers.length
        add(node, node.source.value, node.importKind === 'type' || allTypes)
      },
      ExportNamedDeclaration: node => {
        if (node.source) add(node, node.source.value, node.exportKind === 'type')
      },
      ExportAllDeclaration: node => void add(node, node.source.value, node.exportKind === 'type'),
      ImportExpression: node => {
        if (node.source.type === 'Literal') add(node, String(node.source.value), false)
      },
      TSImportType: node => void add(node, node.source.value, true),
    })
    return found
  }

  /** Functions with a body in braces. One that declares tests is a chapter of a suite and not counted; the tests are. */
  #readFunctions(): FunctionSize[] {
    const found: FunctionSize[] = []
    const tests: number[] = []
    const add = (start: number, end: number) => {
      if (tests.some(test => test > start && test < end)) return
      found.push({ offset: start, lines: this.lineOf(end - 1) - this.lineOf(start) + 1 })
    }
    this.visit({
      CallExpression: node => {
        if (/^(describe|it|test)\b/.test(this.text.slice(node.start, node.end))) tests.push(node.start)
      },
    })
    this.visit({
      FunctionDeclaration: node => {
        if (node.body) add(node.start, node.end)
      },
      FunctionExpression: node => {
        if (node.body) add(node.start, node.end)
      },
      ArrowFunctionExpression: node => {
        if (node.body.type === 'BlockStatement') add(node.start, node.end)
      },
    })
    return found
  }
}

export interface Tree {
  readonly texts: Texts
  readonly sources: readonly SourceFile[]
}

export function treeOf(texts: Texts): Tree {
  const sources = [...texts].filter(([path]) => path.endsWith('.ts'))
  return { texts, sources: sources.map(([path, text]) => new SourceFile(path, text)) }
}

export function readTexts(): Texts {
  return new Map(filesUnder('').map(path => [path, readFileSync(join(ROOT, path), 'utf8')]))
}

function filesUnder(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true })
  return entries.flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.test(entry.name) ? [] : filesUnder(path)
    return entry.isFile() && TEXT.test(entry.name) ? [path] : []
  })
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0
}

/** Where an import leads inside the project; `undefined` for a package. */
function resolve(importer: string, from: string): string | undefined {
  if (from.startsWith('#')) return from.slice(1)
  return from.startsWith('.') ? join(dirname(importer), from) : undefined
}
