/** What `npm run pack` builds: the files that are meant and no others, and manifests that lead to them. */
import { execFile } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, posix } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pack } from '../../../scripts/pack.ts'
import { pageOf } from '../../../scripts/packaged-pages.ts'
import { firstBlock } from '../../pages.ts'
import { ROOT } from '../../tidy/source.ts'

// Inside the project, so that the packages find what they depend on; ignored by git and by every other check.
const folder = join(ROOT, '.vitest', `pack-${process.pid}`)
let tarballs: readonly string[] = []
beforeAll(() => {
  tarballs = pack(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const COMPILED = '(js|js\\.map|d\\.ts)'
const MEANT: Readonly<Record<string, RegExp>> = {
  caudal: new RegExp(`^((index|(core|engine|topology|testing|schemas|observability)/.*)\\.${COMPILED})$`),
  'caudal-answers': new RegExp(
    `^((admin|answers|cli|gateway|load|models|operators|pipelines|schemas|observability/(logs|traces)|stores|testing/simulation|webhooks)/.*\\.${COMPILED}|console/.*\\.(ts|css|html|svg|json)|schemas/.*\\.avsc|gateway/grpc/.*\\.proto|stores/postgres/migrations/.*\\.sql|pipelines/sample/questions\\.ndjson)$`,
  ),
}
const ALWAYS = ['LICENSE', 'README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort(), 'package.json']
const NAMES = Object.keys(MEANT)

it('a tarball carries the name and the version of its package', () => {
  const { version } = manifestOf('caudal')
  expect(version).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version)
  expect(tarballs).toEqual(NAMES.map(name => join(folder, `${name}-${version}.tgz`)))
})

it.each(Object.entries(MEANT))('%s has the files that are meant, and no others', (name, meant) => {
  const files = filesOf(name)
  expect(files.filter(path => !meant.test(path) && !ALWAYS.includes(path))).toEqual([])
  expect(files).toEqual(expect.arrayContaining(ALWAYS))
})

it('no file is in both packages', () => {
  const ofEngine = new Set(filesOf('caudal'))
  expect(filesOf('caudal-answers').filter(path => ofEngine.has(path))).toEqual(ALWAYS)
})

it.each(NAMES)('every link of a page in %s leads to a file of the package', name => {
  const files = filesOf(name)
  const links = files
    .filter(path => path.endsWith('.md'))
    .flatMap(path =>
      [...proseOf(name, path).matchAll(/\]\(([^)\s#]+)/g)].map(([, link = '']) => ({ path, link })),
    )
  const dead = links.filter(
    ({ path, link }) => !/^[a-z]+:/.test(link) && !files.includes(posix.join(posix.dirname(path), link)),
  )
  expect(links).toContainEqual({ path: 'README.md', link: 'docs/graph.md' })
  expect(dead).toEqual([])
})

it('a link that a package cannot follow becomes its label, and code stays as it is', () => {
  const text =
    'See [this](a.md#b), [that](../test/x.ts) and [there](https://example.org).\n```ts\nf[0](x)\n```\n'
  expect(pageOf('docs/page.md', text, new Set(['docs/a.md']))).toBe(
    'See [this](a.md#b), that and [there](https://example.org).\n```ts\nf[0](x)\n```\n',
  )
})

it.each(NAMES)('what the manifest of %s names is there', name => {
  const { exports, bin = {} } = manifestOf(name)
  const named = [
    ...Object.values(exports).flatMap(each => (typeof each === 'string' ? each : Object.values(each))),
    ...Object.values(bin),
  ]
  const files = filesOf(name).map(path => `./${path}`)
  expect(named.filter(path => !files.includes(path) && !path.includes('*'))).toEqual([])
})

it('a program that embeds the engine installs no Node, no client of a model and no reader of CSV', () => {
  expect(Object.keys(manifestOf('caudal').dependencies)).toEqual([
    '@kafkajs/confluent-schema-registry',
    'avsc',
    'kafkajs',
    'lmdb',
    'lz4-napi',
    'prom-client',
    'snappy',
  ])
  expect(Object.keys(manifestOf('caudal-answers').dependencies)).not.toContain('node')
})

it('the pipeline asks for exactly the engine that it was built with', () => {
  expect(manifestOf('caudal-answers').dependencies.caudal).toBe(manifestOf('caudal').version)
})

it('the first topology of the README runs on the compiled engine', async () => {
  const project = join(folder, 'project')
  mkdirSync(join(project, 'node_modules'), { recursive: true })
  symlinkSync(join(folder, 'caudal'), join(project, 'node_modules/caudal'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(project, 'first.ts'), firstBlock('README.md', /openEmbeddedLog/))
  const { stdout } = await promisify(execFile)(process.execPath, ['first.ts'], { cwd: project })
  expect(stdout).toBe('ada 5\nada 9\n')
})

it.each(NAMES)('a source map of %s names the source beside the compiled file, and has its text', name => {
  const maps = filesOf(name).filter(path => path.endsWith('.js.map'))
  expect(maps).not.toEqual([])
  for (const path of maps) {
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(folder, name, path), 'utf8'))
    expect(sources).toEqual([basename(path).replace('.js.map', '.ts')])
    expect(sourcesContent).toHaveLength(1)
  }
})

interface Manifest {
  readonly version: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8'))
}

function proseOf(name: string, path: string): string {
  return readFileSync(join(folder, name, path), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
}

/** Sorted, folders left out. */
function filesOf(name: string): readonly string[] {
  const entries = globSync('**/*', { cwd: join(folder, name), withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return files.map(path => path.slice(join(folder, name).length + 1)).sort()
}
