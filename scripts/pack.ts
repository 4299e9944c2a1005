/**
 * `npm run pack`: makes in dist/ what a registry would get: `caudal` and `caudal-answers`, each as a folder and a tarball.
 *
 * A package has the files that its entries reach. They are copied with their imports named as they are found there, and
 * compiled. So the compiler sees the pipeline as what it is in an installation: a user of the other package.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compiled, isCode, packagesOf, ROOT, reach, read, renamed } from './packaged-files.ts'
import { pageOf } from './packaged-pages.ts'

interface Contents {
  readonly name: string
  readonly description: string
  /** What a program imports, to its file here. */
  readonly exports: Readonly<Record<string, string>>
  /** Code that belongs to it though no export reaches it. */
  readonly parts: readonly string[]
  /** The file that the command `caudal` runs. */
  readonly command?: string
  /** Files that no code names. */
  readonly assets: readonly string[]
}

interface Built {
  readonly files: ReadonlySet<string>
  readonly tarball: string
}

const manifest = JSON.parse(read('package.json'))
const { './package.json': _, ...engineExports } = manifest.exports

const ENGINE: Contents = {
  name: 'caudal',
  description: manifest.description,
  exports: engineExports,
  parts: globSync('{core,engine,topology}/**/*.ts', { cwd: ROOT }),
  assets: ['LICENSE', 'README.md', ...globSync('docs/*.md', { cwd: ROOT })],
}

const ANSWERS: Contents = {
  name: 'caudal-answers',
  description:
    'Questions answered and judged by language models, exactly once: a pipeline on caudal, and its command',
  exports: {
    '.': './pipelines/answers.ts',
    './codecs': './answers/codecs.ts',
    './task-type': './answers/task-type.ts',
    './openai': './models/openai.ts',
    './hashing-embedder': './models/hashing-embedder.ts',
    './embeddings': './models/openai-embeddings.ts',
    './semantic': './stores/semantic/index.ts',
    './service': './pipelines/answers-service.ts',
  },
  parts: [],
  command: './cli/caudal.ts',
  assets: [
    ...ENGINE.assets,
    ...globSync('{schemas/**/*.avsc,stores/postgres/migrations/*.sql}', { cwd: ROOT }),
  ],
}

/** The tarballs; the folder is emptied first. */
export function pack(folder: string): readonly string[] {
  rmSync(folder, { recursive: true, force: true })
  const engine = build(ENGINE, folder, new Set())
  // Where the compiler finds `caudal` when it comes to the pipeline.
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync('../caudal', join(folder, 'node_modules/caudal'))
  const answers = build(ANSWERS, folder, engine.files)
  return [engine.tarball, answers.tarball]
}

function build(contents: Contents, folder: string, elsewhere: ReadonlySet<string>): Built {
  const { name, exports, parts, command, assets } = contents
  const entries = [...Object.values(exports), ...parts, ...(command === undefined ? [] : [command])]
  const files = reach(entries, elsewhere)
  const target = join(folder, name)
  const code = [...files].filter(isCode)
  for (const path of code) {
    const shebang = `./${path}` === command ? '#!/usr/bin/env node\n' : ''
    write(join(target, path), shebang + renamed(path, elsewhere))
  }
  const others = [...files].filter(path => !isCode(path))
  const folders = others.filter(path => path.endsWith('/'))
  const copies = [...assets, ...others.filter(path => !folders.includes(path))]
  for (const path of copies) {
    if (path.endsWith('.md')) write(join(target, path), pageOf(path, read(path), new Set(copies)))
    else cpSync(join(ROOT, path), join(target, path))
  }
  const served = folders.flatMap(path => globSync(`${path}**/*.ts`, { cwd: ROOT }))
  write(join(target, 'package.json'), asJson(manifestOf(contents, [...files, ...copies, ...served])))
  compile(target)
  // What is served as it is, is not compiled.
  for (const path of folders) cpSync(join(ROOT, path), join(target, path), { recursive: true })
  // Their texts are in the source maps.
  for (const path of code) rmSync(join(target, path))
  const options = ['--silent', '--pack-destination', folder]
  const tarball = execFileSync('npm', ['pack', ...options], { cwd: target, encoding: 'utf8' }).trim()
  return { files, tarball: join(folder, tarball) }
}

/** Each file beside its source, so that a source map names the file that a person looks for. */
function compile(folder: string): void {
  const compilerOptions = {
    noEmit: false,
    noEmitOnError: true,
    allowImportingTsExtensions: false,
    // The compiler writes out what Node 22 lacks of the language, above all `using`.
    target: 'es2023',
    declaration: true,
    sourceMap: true,
    inlineSources: true,
  }
  const project = join(folder, 'tsconfig.json')
  write(
    project,
    asJson({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['**/*.ts'], exclude: [] }),
  )
  execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project], { stdio: 'inherit' })
  rmSync(project)
}

function manifestOf({ name, description, exports, command }: Contents, files: readonly string[]) {
  const { version, license, type, dependencies } = manifest
  const used = packagesOf(files)
  const isEngine = name === ENGINE.name
  const conditions = Object.entries(exports).map(([entry, path]) => {
    const types = path.replace(/\.ts$/, '.d.ts')
    return [entry, { types, default: compiled(path) }]
  })
  return {
    name,
    version,
    description,
    license,
    type,
    engines: { node: '>=22.19' },
    exports: {
      ...Object.fromEntries(conditions),
      // For the other package, of the same version. Nothing there is promised to anybody else.
      ...(isEngine && { './internal/*': './*' }),
      './package.json': './package.json',
    },
    ...(command !== undefined && { bin: { caudal: compiled(command) } }),
    files: [...new Set(files.map(path => (path.includes('/') ? `${path.split('/')[0]}/` : stemOf(path))))],
    dependencies: {
      ...(!isEngine && { [ENGINE.name]: version }),
      ...Object.fromEntries(Object.entries(dependencies).filter(([dependency]) => used.has(dependency))),
    },
  }
}

/** The file itself, or all that is compiled from it. */
const stemOf = (path: string): string => (isCode(path) ? path.replace(/ts$/, '*') : path)

const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

if (import.meta.main) for (const tarball of pack(join(ROOT, 'dist'))) console.log(tarball)
