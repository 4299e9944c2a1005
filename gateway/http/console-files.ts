/**
 * The files of the console, as a browser takes them: TypeScript with its types stripped by Node, and the libraries as they were
 * installed. Names of libraries become addresses here, since a map of imports would need an exception of the content policy.
 * Only files that were listed at the start are served, so no path of a request reaches the disk.
 */
import { hash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isLocal } from '../caller.ts'
import { originOf } from './origin.ts'

/** `read` shows and asks; `operate` stops and replays too. */
export type ConsoleMode = 'off' | 'read' | 'operate'

export const CONSOLE_PATH = '/console/'

/** Everything comes from here, and no text becomes markup but by the templates of lit-html. */
const POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ')

const FOLDER = fileURLToPath(new URL('../../console/', import.meta.url))
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** What a module names, to the package and the file in it. */
const LIBRARIES: Readonly<Record<string, readonly [name: string, file: string]>> = {
  'lit-html': ['lit-html', 'lit-html.js'],
  'lit-html/directive.js': ['lit-html', 'directive.js'],
  'lit-html/async-directive.js': ['lit-html', 'async-directive.js'],
  'lit-html/directive-helpers.js': ['lit-html', 'directive-helpers.js'],
  'lit-html/directives/live.js': ['lit-html', 'directives/live.js'],
  'lit-html/directives/ref.js': ['lit-html', 'directives/ref.js'],
  'lit-html/directives/repeat.js': ['lit-html', 'directives/repeat.js'],
  '@preact/signals-core': ['@preact/signals-core', 'dist/signals-core.mjs'],
  uplot: ['uplot', 'dist/uPlot.esm.js'],
  'uplot/css': ['uplot', 'dist/uPlot.min.css'],
  '@dagrejs/dagre': ['@dagrejs/dagre', 'dist/dagre.esm.js'],
}

interface Served {
  readonly type: string
  readonly plain: Buffer
  readonly zipped: Buffer
  readonly tag: string
}

/** Path below the console's own to the file on the disk. */
function listed(): ReadonlyMap<string, string> {
  const own = globSync('**/*.{html,css,svg,ts}', { cwd: FOLDER, exclude: ['**/*.d.ts'] })
  const files = own.map(path => [path, join(FOLDER, path)] as const)
  const require = createRequire(import.meta.url)
  const libraries = Object.values(LIBRARIES).flatMap(([name, file]) => {
    const folder = folderOf(name, require.resolve.paths(name) ?? [])
    return folder === undefined ? [] : [[`lib/${name}/${file}`, join(folder, file)] as const]
  })
  return new Map([...files, ...libraries])
}

/** Packages keep some of their files from being resolved by name; where they lie is plain. */
const folderOf = (name: string, places: readonly string[]): string | undefined =>
  places.map(place => join(place, name)).find(existsSync)

/**
 * Serves the console below its path; nothing where its files were not installed. Without keys this machine alone may see it.
 * With keys everybody gets the pages, which hold nothing: what they show is asked for by who has logged in.
 */
export function serveConsole(server: FastifyInstance, mode: ConsoleMode, hasKeys: boolean): void {
  if (mode === 'off' || !existsSync(join(FOLDER, 'index.html'))) return
  const files = listed()
  const known = new Map<string, Served>()
  const send = (name: string, request: FastifyRequest, reply: FastifyReply) => {
    const path = files.get(name)
    if (path === undefined || !(hasKeys || isLocal(originOf(request)))) return undefined
    const served = known.get(name) ?? read(path, mode)
    known.set(name, served)
    return answer(served, request, reply)
  }
  server.get('/', (_, reply) => reply.redirect(CONSOLE_PATH))
  server.get('/console', (_, reply) => reply.redirect(CONSOLE_PATH))
  server.get(`${CONSOLE_PATH}*`, (request, reply) => {
    const name = request.url.slice(CONSOLE_PATH.length).split('?')[0] || 'index.html'
    return send(name, request, reply) ?? reply.callNotFound()
  })
}

function answer({ type, plain, zipped, tag }: Served, request: FastifyRequest, reply: FastifyReply) {
  reply
    .header('content-security-policy', POLICY)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('cross-origin-resource-policy', 'same-origin')
    // A newer console is noticed at the next load.
    .header('cache-control', 'no-cache')
    .header('vary', 'accept-encoding')
    .header('etag', tag)
    .type(type)
  if (request.headers['if-none-match'] === tag) return reply.code(304).send()
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(plain)
  return reply.header('content-encoding', 'gzip').send(zipped)
}

function read(path: string, mode: ConsoleMode): Served {
  const extension = extname(path)
  const text = readFileSync(path, 'utf8')
  const plain = Buffer.from(
    extension === '.ts'
      ? addressed(withoutComments(stripped(text)))
      : extension === '.html'
        ? text.replace('{mode}', mode)
        : text,
  )
  const type = TYPES[extension] ?? 'application/octet-stream'
  return { type, plain, zipped: gzipSync(plain), tag: `"${hash('sha256', plain).slice(0, 32)}"` }
}

/** The one place that strips types: Node calls its function experimental, and warns of it once. */
function stripped(text: string): string {
  const warn = process.emitWarning
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = warn
  }
}

/** Comments on lines of their own, and blanks behind lines, stay here. Lines keep their numbers. */
const withoutComments = (code: string): string =>
  code.replace(/^[ \t]*(\/\*\*.*\*\/|\/\/.*)$/gm, '').replace(/[ \t]+$/gm, '')

/** Names of libraries as addresses; a name that is none of them is left, and the browser refuses it. */
const addressed = (code: string): string =>
  code.replace(/(\bfrom\s+|\bimport\s+)'([^'./][^']*)'/g, (whole, before: string, name: string) => {
    const [pack, file] = LIBRARIES[name] ?? []
    return pack === undefined ? whole : `${before}'${CONSOLE_PATH}lib/${pack}/${file}'`
  })
