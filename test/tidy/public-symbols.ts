/** The symbols that a user of the package can meet: what the entry points of package.json export, each where it is declared. */
import type { ESTree } from 'vite'
import type { SourceFile, Tree } from './source.ts'

export interface PublicSymbol {
  /** The entry point, as in `caudal/kafka`; `.` is `caudal` itself. */
  readonly entry: string
  readonly name: string
  readonly file: SourceFile
  /** Where its declaration begins. */
  readonly offset: number
}

/** Entry points with code, each with its file. */
export function entryPoints({
  texts,
}: Pick<Tree, 'texts'>): readonly (readonly [entry: string, path: string])[] {
  const { exports = {} } = JSON.parse(texts.get('package.json') ?? '{}') as {
    exports?: Record<string, string>
  } // Ours.
  return Object.entries(exports)
    .filter(([, path]) => path.endsWith('.ts'))
    .map(([entry, path]) => [entry, path.replace(/^\.\//, '')])
}

export function publicSymbols(tree: Tree): readonly PublicSymbol[] {
  const files = new Map(tree.sources.map(file => [file.path, file]))
  return entryPoints(tree).flatMap(([entry, path]) => {
    const file = files.get(path)
    return file ? exportsOf(file, files).map(symbol => ({ entry, ...symbol })) : []
  })
}

type Declared = Omit<PublicSymbol, 'entry'>

function exportsOf(file: SourceFile, files: ReadonlyMap<string, SourceFile>): readonly Declared[] {
  return file.program.body.flatMap(node => {
    if (node.type !== 'ExportNamedDeclaration') return []
    if (node.declaration) return namesOf(node.declaration).map(name => ({ name, file, offset: node.start }))
    const from = file.imports.find(each => each.offset === node.start)?.path
    const target = from === undefined ? file : files.get(from)
    return node.specifiers.flatMap(({ local, exported }) => {
      const found = target && declarationOf(textOf(local), target, files)
      return found ? [{ ...found, name: textOf(exported) }] : []
    })
  })
}

/** Where a name that a file exports, or declares for its own export, is declared. */
function declarationOf(
  name: string,
  file: SourceFile,
  files: ReadonlyMap<string, SourceFile>,
): Declared | undefined {
  const exported = exportsOf(file, files).find(each => each.name === name)
  if (exported) return exported
  const own = file.program.body.find(node => 'declare' in node && namesOf(node).includes(name))
  return own && { name, file, offset: own.start }
}

/** The names that a declaration gives. */
export function namesOf(node: ESTree.Node): readonly string[] {
  if (node.type === 'VariableDeclaration')
    return node.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
  return 'id' in node && node.id && 'name' in node.id ? [String(node.id.name)] : []
}

function textOf(name: ESTree.ModuleExportName): string {
  return name.type === 'Identifier' ? name.name : String('value' in name ? name.value : '')
}
