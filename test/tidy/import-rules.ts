/** Who may import whom, checked by the table in `layers.ts`. */
import { posix } from 'node:path'
import { folderOf, pathsOf, regionOf } from './import-graph.ts'
import { LAYERS, PACKAGES, type Row, TOOLS } from './layers.ts'
import { inProduct, isUnder, perFile, type Rule } from './rule.ts'
import type { Import, SourceFile } from './source.ts'

const layers: Rule = {
  name: 'layers',
  because: 'the architecture is the import table; an import that it does not list is a hidden dependency',
  instead:
    'pass what is needed as an argument or through a port, or argue for a new line in test/tidy/layers.ts',
  check: perFile(
    () => true,
    (file, report) => {
      const [own, row] = rowOf(file.path)
      if (!row) return report(0, 'lies in a folder without a line in the import table')
      for (const each of file.imports) {
        const problem = problemOf(file, own, row, each)
        if (problem) report(each.offset, problem)
      }
    },
  ),
  breach: {
    'engine/pod/pod.ts': "/** Pod. */\nimport { kafka } from '#engine/log/kafka/log.ts'\n",
    'topology/builder.ts': "/** Builder. */\nimport { log } from '#engine/log/log.ts'\n",
    'misplaced/thing.ts': '/** A folder that nobody planned. */\n',
    'core/disk.ts': "/** Core does no I/O. */\nimport { readFileSync } from 'node:fs'\n",
  },
}

const packages: Rule = {
  name: 'packages',
  because:
    'each library has one adapter, so that its quirks stay in one place and replacing it touches one folder',
  instead: 'use the port, or add the package with its adapter to PACKAGES in test/tidy/layers.ts',
  check: perFile(
    () => true,
    (file, report) => {
      for (const each of file.imports) {
        if (each.path !== undefined || each.from.startsWith('node:')) continue
        const places = PACKAGES[packageOf(each.from)]
        if (!places) report(each.offset, `imports ${each.from}, which no line allows`)
        else if (!isUnder(file.path, places)) {
          report(each.offset, `imports ${each.from}, which only ${places.join(', ')} may`)
        }
      }
    },
  ),
  breach: {
    'engine/pod/pod.ts': "/** Pod. */\nimport kafka from 'kafkajs'\n",
    'cli/caudal.ts': "/** Command. */\nimport chalk from 'chalk'\n",
  },
}

const dependencies: Rule = {
  name: 'dependencies',
  because:
    'an installed package that nothing imports is weight and risk; a shipped one must not be a development dependency',
  instead: 'remove it from package.json, or move it between dependencies and devDependencies',
  check: tree => {
    const manifest = JSON.parse(tree.texts.get('package.json') ?? '{}')
    const runtime = new Set(Object.keys(manifest.dependencies ?? {}))
    const all = [...runtime, ...Object.keys(manifest.devDependencies ?? {})]
    const uses = tree.sources.flatMap(file =>
      file.imports.map(each => ({ file, name: packageOf(each.from) })),
    )
    const idle = all.filter(name => !TOOLS.includes(name) && !uses.some(use => use.name === name))
    const shipped = uses.filter(use => use.file.isProduct && all.includes(use.name) && !runtime.has(use.name))
    return [
      ...idle.map(name => ({ path: 'package.json', line: 1, what: `${name} is imported nowhere` })),
      ...shipped.map(use => ({
        path: use.file.path,
        line: 1,
        what: `${use.name} is a development dependency`,
      })),
    ]
  },
  breach: { 'package.json': '{ "dependencies": { "left-pad": "1.0.0" } }' },
}

const crossings: Rule = {
  name: 'crossings',
  because:
    'an import that crosses a folder should look like it: the alias shows the crossing, the dot shows kinship',
  instead: "write '#core/record.ts' across folders and './record.ts' inside one",
  check: perFile(inProduct, (file, report) => {
    for (const each of file.imports) {
      if (each.path === undefined) continue
      const inside = regionOf(each.path) === regionOf(file.path)
      if (!inside && each.from.startsWith('.')) report(each.offset, `${each.from} leaves its folder`)
      if (each.from.startsWith('#') && folderOf(each.path) === folderOf(file.path)) {
        report(each.offset, `${each.from} is in the same folder`)
      }
    }
  }),
  breach: {
    'engine/pod/pod.ts': "/** Pod. */\nimport { taskKey } from '../core/record.ts'\n",
    'engine/task/task.ts': "/** Task. */\nimport { pod } from '#engine/pod/pod.ts'\n",
  },
}

const deadFiles: Rule = {
  name: 'dead-files',
  because: 'a file that nothing imports is not part of the product, whatever its tests say',
  instead: 'delete it, use it, or name it in package.json (bin, exports, scripts)',
  check: tree => {
    const named = `${tree.texts.get('package.json')} ${tree.texts.get('vitest.config.ts')}`
    const started = startedProcesses(tree.sources)
    const used = new Set(tree.sources.filter(file => !isTestCode(file)).flatMap(pathsOf))
    const tested = new Set(tree.sources.filter(isTestCode).flatMap(pathsOf))
    return tree.sources.flatMap(file => {
      const entry =
        file.isTest ||
        file.path.endsWith('index.ts') ||
        named.includes(file.path) ||
        started.has(posix.basename(file.path)) ||
        isUnder(file.path, ['examples', 'bench', 'vitest.config.ts'])
      if (entry || used.has(file.path) || (!file.isProduct && tested.has(file.path))) return []
      return [
        {
          path: file.path,
          line: 1,
          what: tested.has(file.path) ? 'is imported by tests alone' : 'is imported nowhere',
        },
      ]
    })
  },
  breach: {
    'core/orphan.ts': '/** Nobody needs it. */\n',
    'test/unit/orphan.test.ts': "/** Test. */\nimport { orphan } from '#core/orphan.ts'\n",
  },
}

/** Names of files that others start as processes of their own: they stand there as text, not in an import. */
function startedProcesses(sources: readonly SourceFile[]): ReadonlySet<string> {
  const named = /(?<!from |import\()['"](?:[\w./-]*\/)?([\w-]+\.ts)['"]/g
  return new Set(sources.flatMap(({ text }) => [...text.matchAll(named)].map(([, name = '']) => name)))
}

export const IMPORT_RULES: readonly Rule[] = [layers, packages, dependencies, crossings, deadFiles]

function rowOf(path: string): readonly [string, Row | undefined] {
  const own = Object.keys(LAYERS)
    .filter(place => isUnder(path, [place]))
    .sort((a, b) => b.length - a.length)[0]
  return own === undefined ? [path, undefined] : [own, LAYERS[own]]
}

function problemOf(file: SourceFile, own: string, row: Row, each: Import): string | undefined {
  if (each.from.startsWith('node:')) {
    const allowed = row.node === 'any' || row.node.includes(each.from)
    return allowed ? undefined : `${own} may not import ${each.from}`
  }
  if (each.path === undefined || isUnder(each.path, [own, ...row.may])) return undefined
  if (!isUnder(each.path, row.mayTypes ?? [])) return `${own} may not import ${each.path}`
  return each.typeOnly ? undefined : `${own} may import only types of ${each.path}: ${file.path}`
}

function packageOf(from: string): string {
  const [scope = '', name] = from.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}

const isTestCode = (file: SourceFile): boolean => file.path.startsWith('test/')
