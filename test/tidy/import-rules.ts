/** Who may import whom: the architecture as a table. Anything not listed is forbidden. */
import { posix } from 'node:path'
import { arrowsOf, floorOf, pathsOf, regionOf, wayBack } from './import-graph.ts'
import { inProduct, isUnder, perFile, type Rule } from './rule.ts'
import type { Import, SourceFile } from './source.ts'

interface Row {
  /** Folders and files that it may import, besides itself. */
  readonly may: readonly string[]
  /** Those of which it may import types only. */
  readonly mayTypes?: readonly string[]
  /** Modules of Node; `any` where the folder does I/O. */
  readonly node: 'any' | readonly string[]
}

/** Modules of Node that do no I/O. */
const PURE = ['node:buffer', 'node:crypto', 'node:util']
const LOG_PORT = 'engine/log/log.ts'
/** Reads a topic on and on, for whoever is no pod. */
const FOLLOW_TOPIC = 'engine/log/follow-topic.ts'
/** The protocol of drivers whose transactions may be torn. */
const REPAIR = 'engine/log/repair.ts'
/** The log as the rooms above it see it: the port, and what is written with nothing else. */
const LOG = [LOG_PORT, 'engine/log/read-topic.ts', 'engine/log/partitioning.ts']
/** Below the tasks: what a record, its topics and its commit are made of. */
const RECORD = ['core', 'topology', 'engine/state', 'engine/commit', 'engine/topics', ...LOG]
const POD = [...RECORD, 'engine/record', 'engine/task', 'engine/ownership']
/** What is pure of the models: the port, and what reads an answer. */
const MODEL_PARTS = ['models/model.ts', 'models/structured.ts', 'models/words.ts']
/** The doors of the pipeline. */
const SERVICE = ['pipelines/answers-service.ts', 'pipelines/run-index.ts', 'pipelines/outcome-index.ts']
const ALL = [
  'core',
  'engine',
  'topology',
  'admin',
  'answers',
  'operators',
  'models',
  'pipelines',
  'schemas',
  'observability',
  'gateway',
  'stores',
  'cli',
  'testing',
]

/** The longest matching path gives a file its row. */
export const LAYERS: Readonly<Record<string, Row>> = {
  core: { may: [], node: [...PURE, 'node:diagnostics_channel'] },
  topology: { may: ['core'], mayTypes: [LOG_PORT], node: PURE },
  'engine/disk': { may: ['core'], node: 'any' },
  [LOG_PORT]: { may: ['core'], node: [] },
  'engine/log/read-topic.ts': { may: ['core', LOG_PORT], node: [] },
  [FOLLOW_TOPIC]: { may: ['core', LOG_PORT, 'engine/log/read-topic.ts'], node: [] },
  'engine/log/partitioning.ts': { may: ['core'], node: [] },
  'engine/log/renamed-log.ts': { may: ['core', LOG_PORT], node: [] },
  [REPAIR]: { may: ['core'], node: [] },
  'engine/log/embedded': { may: ['core', 'engine/disk', LOG_PORT], node: 'any' },
  'engine/log/socket': { may: ['core', LOG_PORT], node: 'any' },
  'engine/log/embedded/index.ts': { may: ['engine/log/embedded', 'engine/log/socket'], node: [] },
  'engine/log/kafka': { may: ['core', LOG_PORT, REPAIR], node: 'any' },
  'engine/log/simulated': { may: ['core', LOG_PORT, REPAIR], node: PURE },
  'engine/state': { may: ['core'], node: PURE },
  'engine/state/lmdb-file.ts': { may: ['core', 'engine/disk', 'engine/state'], node: 'any' },
  'engine/state/lmdb-store.ts': { may: ['core', 'engine/disk', 'engine/state'], node: 'any' },
  'engine/commit': { may: ['core', 'topology', ...LOG], node: PURE },
  'engine/topics': { may: ['core', 'topology', ...LOG], node: PURE },
  'engine/record': { may: RECORD, node: [...PURE, 'node:async_hooks'] },
  'engine/task': { may: [...RECORD, 'engine/record'], node: PURE },
  'engine/ownership': { may: [...RECORD, 'engine/record', 'engine/task'], node: PURE },
  'engine/pod': { may: POD, node: PURE },
  'engine/pod/pod-name.ts': { may: ['core'], node: ['node:os'] },
  'engine/client': { may: [...POD, 'engine/pod'], node: PURE },
  models: { may: ['core'], node: PURE },
  // Bodies come compressed though nobody asked.
  'models/lean-fetch.ts': { may: ['core', 'models'], node: [...PURE, 'node:zlib'] },
  'models/simulated': { may: ['core', 'models'], node: 'any' },
  schemas: { may: [], node: PURE },
  'schemas/avro': { may: ['core', 'topology', LOG_PORT, 'engine/log/read-topic.ts'], node: PURE },
  answers: { may: ['core', 'schemas', ...MODEL_PARTS], node: PURE },
  'answers/simulated': { may: ['core', 'answers', 'models'], node: PURE },
  operators: { may: ['core', 'answers', ...MODEL_PARTS], node: PURE },
  pipelines: { may: ['core', 'topology', 'answers', 'operators', ...MODEL_PARTS], node: PURE },
  // What is asked of an application and done about it, for commands and whatever else serves people.
  admin: {
    may: [
      ...['core', 'topology', 'answers', 'schemas/texts.ts', 'schemas/avro'],
      ...[...LOG, FOLLOW_TOPIC, 'engine/state/frame.ts', 'engine/state/layout.ts', 'engine/client'],
      ...['engine/record/dead-letter.ts', 'engine/pod/topic-preparation.ts', 'pipelines/outcomes.ts'],
    ],
    node: PURE,
  },
  // From outside, as any consumer does it.
  'pipelines/outcomes.ts': {
    may: ['core', 'answers', LOG_PORT, FOLLOW_TOPIC, 'engine/client/replay.ts'],
    node: [],
  },
  'pipelines/outcome-index.ts': {
    may: ['core', 'answers', 'engine/record/dead-letter.ts', 'pipelines/outcomes.ts'],
    node: [],
  },
  'pipelines/appender.ts': { may: ['core', LOG_PORT], node: [] },
  'pipelines/run-index.ts': { may: ['core', 'answers'], node: [] },
  'pipelines/answers-service.ts': {
    may: ['core', 'topology', 'answers', LOG_PORT, FOLLOW_TOPIC, 'pipelines'],
    node: [],
  },
  // What is asked of the pipeline from outside, on any transport: through its service, never through the engine.
  gateway: {
    may: ['core', 'answers', 'admin', ...SERVICE],
    node: PURE,
  },
  'gateway/http': { may: ['core', 'gateway'], mayTypes: ['observability/http-server.ts'], node: 'any' },
  observability: { may: ['core'], mayTypes: [LOG_PORT, 'engine/pod', 'engine/task'], node: 'any' },
  testing: {
    may: ['core', 'topology', 'engine', 'models/model.ts'],
    node: 'any',
  },
  // The Kafka driver against scripted brokers, which read and write what it sends in its own formats.
  'testing/simulation/driver': { may: ['core', LOG_PORT, 'engine/log/kafka', 'testing'], node: PURE },
  cli: { may: ALL, node: 'any' },
  'index.ts': { may: ALL, node: [] },
  test: { may: [...ALL, 'index.ts', 'bench', 'deploy', 'examples', 'scripts'], node: 'any' },
  bench: { may: [...ALL, 'index.ts', 'deploy'], node: 'any' },
  examples: { may: [...ALL, 'index.ts'], node: 'any' },
  deploy: { may: [], node: 'any' },
  scripts: { may: ALL, node: 'any' },
  'vitest.config.ts': { may: ['test'], node: 'any' },
}

/** Package to the only places that may import it: one adapter each, so that replacing a library touches one file. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@kafkajs/confluent-schema-registry': ['schemas/avro/confluent-registry.ts'],
  ajv: ['models/structured.ts', 'gateway/schema.ts'],
  // By its own name: an example imports what its reader will.
  caudal: ['examples'],
  avsc: ['schemas/avro', 'test/unit/schemas'],
  'csv-parse': ['cli/events/csv.ts'],
  fastify: ['gateway/http', 'test/unit/gateway'],
  kafkajs: ['engine/log/kafka', 'test/integration', 'bench/kafka'],
  lmdb: ['engine/log/embedded', 'engine/state/lmdb-file.ts', 'engine/state/lmdb-store.ts'],
  'lz4-napi': ['engine/log/kafka/compression.ts'],
  openai: ['models/openai.ts', 'models/openai-errors.ts'],
  snappy: ['engine/log/kafka/compression.ts'],
  undici: ['models/lean-fetch.ts', 'bench'],
  vite: ['test/tidy'],
  vitest: ['test', 'vitest.config.ts'],
}

/** Packages that are run, never imported. */
export const TOOLS = ['@biomejs/biome', '@types/node', 'node', 'typescript']

const layers: Rule = {
  name: 'layers',
  because: 'the architecture is the import table; an import that it does not list is a hidden dependency',
  instead:
    'pass what is needed as an argument or through a port, or argue for a new line in test/tidy/import-rules.ts',
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
  instead: 'use the port, or add the package with its adapter to PACKAGES in test/tidy/import-rules.ts',
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

const cycles: Rule = {
  name: 'cycles',
  because: 'files in a cycle can only be understood, tested and moved together',
  instead: 'move what both need into a third file, or pass it as an argument',
  check: tree => {
    const next = new Map(tree.sources.map(file => [file.path, file.imports.flatMap(each => each.path ?? [])]))
    return [...next.keys()].flatMap(path => {
      const way = wayBack(path, next)
      // Each cycle is told once, at the first of its files.
      return way?.every(each => path <= each) ? [{ path, line: 1, what: [...way, path].join(' -> ') }] : []
    })
  },
  breach: {
    'core/a.ts': "/** A. */\nimport { b } from './b.ts'\n",
    'core/b.ts': "/** B. */\nimport { a } from './a.ts'\n",
  },
}

/** Rooms of the engine, from the lowest floor to the highest. */
const FLOORS_MAX = 8
const ARROWS_MAX = 30

const rooms: Rule = {
  name: 'rooms',
  because:
    'two folders that import each other, in a circle of any length, are one folder in two places; a reader goes through the rooms of the engine one after another',
  instead:
    'move what both need down, hand it in as an argument, or declare what is needed as an interface in the lower room',
  check: tree => {
    const next = arrowsOf(tree.sources)
    const circles = [...next.keys()].flatMap(room => {
      const way = wayBack(room, next)
      return way?.every(each => room <= each)
        ? [{ path: room, line: 1, what: [...way, room].join(' -> ') }]
        : []
    })
    if (circles.length > 0) return circles
    const engine = [...next].filter(([room]) => room.startsWith('engine/'))
    const within = new Map(engine.map(([room, to]) => [room, to.filter(each => each.startsWith('engine/'))]))
    const arrows = [...within.values()].reduce((sum, to) => sum + to.length, 0)
    const floors = Math.max(0, ...[...within.keys()].map(room => floorOf(room, within)))
    const told = (what: string) => [{ path: 'engine', line: 1, what }]
    return [
      ...(arrows > ARROWS_MAX ? told(`${arrows} arrows between its rooms, at most ${ARROWS_MAX}`) : []),
      ...(floors > FLOORS_MAX ? told(`${floors} floors, at most ${FLOORS_MAX}`) : []),
    ]
  },
  breach: {
    'core/a.ts': "/** A. */\nimport { b } from '#topology/b.ts'\n",
    'topology/b.ts': "/** B. */\nimport { c } from '#models/c.ts'\n",
    'models/c.ts': "/** C. */\nimport { a } from '#core/a.ts'\n",
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

export const IMPORT_RULES: readonly Rule[] = [
  layers,
  packages,
  dependencies,
  crossings,
  cycles,
  rooms,
  deadFiles,
]

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

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const isTestCode = (file: SourceFile): boolean => file.path.startsWith('test/')
