/** Which files a package is made of, and what their imports are called in it. */
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

/** Imports, and files that are started or read: their names stand in `new URL(..., import.meta.url)`. */
const NAMED = /(\b(?:from|import|import\(|require\(|new URL\() ?)'([^'\n]+)'/g

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** The files that the entries need, themselves included, without those that are elsewhere. */
export function reach(entries: readonly string[], elsewhere: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>()
  const waiting = entries.map(path => posix.normalize(path))
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path) || elsewhere.has(path)) continue
    found.add(path)
    waiting.push(...namesIn(path).flatMap(name => ownPath(path, name) ?? []))
  }
  return found
}

/** The text of a file in its package: what is imported is compiled, and may be in the other package. */
export function renamed(path: string, elsewhere: ReadonlySet<string>): string {
  return read(path).replaceAll(NAMED, (whole, before: string, name: string) => {
    const target = ownPath(path, name)
    if (target === undefined) return whole
    const relative = posix.relative(posix.dirname(path), target)
    const here = relative.startsWith('.') ? relative : `./${relative}`
    return `${before}'${compiled(elsewhere.has(target) ? `caudal/internal/${target}` : here)}'`
  })
}

/** The packages that the files import. */
export function packagesOf(paths: Iterable<string>): ReadonlySet<string> {
  const names = [...paths].filter(isCode).flatMap(namesIn)
  return new Set(names.map(name => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name))
}

export const isCode = (path: string): boolean => path.endsWith('.ts')

export const compiled = (path: string): string => path.replace(/\.ts$/, '.js')

function namesIn(path: string): readonly string[] {
  return isCode(path) ? [...read(path).matchAll(NAMED)].map(([, , name = '']) => name) : []
}

/** Where a name leads inside the project; a package has a manifest of its own. */
function ownPath(importer: string, name: string): string | undefined {
  const path = name.startsWith('#') ? name.slice(1) : posix.join(posix.dirname(importer), name)
  return /^[.#]/.test(name) && path !== 'package.json' ? path : undefined
}
