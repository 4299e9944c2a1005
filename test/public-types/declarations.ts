/**
 * The public types as text: the declarations of all entry points, as the compiler writes them, without comments. After them
 * stand the declarations that these need, so that no change of a type that a user meets goes unseen.
 */
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { ESTree } from 'vite'
import { entryPoints, namesOf, publicSymbols } from '../tidy/public-symbols.ts'
import { ROOT, type SourceFile, type Texts, type Tree, treeOf } from '../tidy/source.ts'

/** Runs the compiler; takes some seconds. */
export function publicTypes(): string {
  const manifest = readFileSync(join(ROOT, 'package.json'), 'utf8')
  const entries = entryPoints({ texts: new Map([['package.json', manifest]]) })
  const tree = treeOf(
    new Map([...declarationsOf(entries.map(([, path]) => path)), ['package.json', manifest]]),
  )
  return textOf(tree)
}

/** Path of a source file to the declarations that the compiler makes of it: of these files, and of all that they import. */
function declarationsOf(paths: readonly string[]): Texts {
  const cache = join(ROOT, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const project = mkdtempSync(join(cache, 'public-types-'))
  const folder = mkdtempSync(join(tmpdir(), 'public-types-'))
  const compilerOptions = {
    ...{ noEmit: false, emitDeclarationOnly: true, declaration: true, removeComments: true },
    ...{ outDir: folder, rootDir: ROOT },
  }
  const files = paths.map(path => join(ROOT, path))
  const settings = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, files, include: [] }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(settings))
  try {
    execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project], { stdio: 'inherit' })
    return new Map(
      globSync('**/*.d.ts', { cwd: folder }).map(path => [
        relative('.', path).replace(/\.d\.ts$/, '.ts'),
        readFileSync(join(folder, path), 'utf8'),
      ]),
    )
  } finally {
    rmSync(project, { recursive: true })
    rmSync(folder, { recursive: true })
  }
}

/** One declared name with its text. */
interface Declaration {
  readonly name: string
  readonly file: SourceFile
  readonly text: string
}

export function textOf(tree: Tree): string {
  const symbols = publicSymbols(tree)
  const shown = new Set<string>()
  const sections = entryPoints(tree).map(([entry]) => {
    const own = symbols.filter(symbol => symbol.entry === entry)
    const texts = own.map(({ name, file, offset }) => {
      const declaration = declarationAt(file, offset)
      shown.add(identityOf(declaration))
      return declaration.name === name ? declaration.text : `${declaration.text}\nas ${name}`
    })
    return section(`caudal${entry.slice(1)}`, texts)
  })
  const first = symbols.map(({ file, offset }) => declarationAt(file, offset))
  const needed = neededBy(first, tree).filter(each => !shown.has(identityOf(each)))
  return [
    ...sections,
    section(
      'needed by these',
      needed.map(({ text }) => text),
    ),
  ].join('\n')
}

const section = (title: string, texts: readonly string[]): string =>
  [`# ${title}`, '', ...[...texts].sort(), ''].join('\n')

const identityOf = ({ name, file }: Declaration): string => `${file.path} ${name}`

/** All that is declared under the name of the statement at the offset: a function has one statement for each overload. */
function declarationAt(file: SourceFile, offset: number): Declaration {
  const found = file.program.body.find(node => node.start === offset)
  const [name = ''] = found ? declaredNames(found) : []
  const texts = file.program.body.filter(node => declaredNames(node).includes(name))
  return { name, file, text: texts.map(({ start, end }) => file.text.slice(start, end)).join('\n') }
}

function declaredNames(node: ESTree.Node): readonly string[] {
  const declaration = node.type === 'ExportNamedDeclaration' ? node.declaration : node
  return declaration ? namesOf(declaration) : []
}

/** The declarations that texts name, and those that these name. A constructor is not followed: factories call it. */
function neededBy(first: readonly Declaration[], tree: Tree): readonly Declaration[] {
  const files = new Map(tree.sources.map(file => [file.path, file]))
  const found = new Map(first.map(each => [identityOf(each), each]))
  for (const { file, text } of found.values()) {
    const names = new Set(text.replace(/^\s*constructor\([\s\S]*?\);$/gm, '').match(/\b[A-Za-z_]\w*\b/g))
    for (const name of names) {
      const declaration = lookUp(name, file, files)
      if (declaration && !found.has(identityOf(declaration))) found.set(identityOf(declaration), declaration)
    }
  }
  return [...found.values()]
}

/** What a name means in a file; nothing for a name of the language or of a package. */
function lookUp(
  name: string,
  file: SourceFile,
  files: ReadonlyMap<string, SourceFile>,
): Declaration | undefined {
  const own = file.program.body.find(node => declaredNames(node).includes(name))
  if (own) return declarationAt(file, own.start)
  for (const node of file.program.body) {
    if (node.type !== 'ImportDeclaration') continue
    const path = file.imports.find(({ offset }) => offset === node.start)?.path
    const target = path === undefined ? undefined : files.get(path)
    for (const specifier of node.specifiers) {
      if (!target || specifier.local.name !== name || specifier.type !== 'ImportSpecifier') continue
      const { imported } = specifier
      return lookUp(imported.type === 'Identifier' ? imported.name : imported.value, target, files)
    }
  }
  return undefined
}
