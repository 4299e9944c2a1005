/** The arrows between files and between rooms, and the ways back that make a circle. */
import type { SourceFile } from './source.ts'

/** By room, the other rooms that its files import; by folder with `folderOf`. What `isOpening` accepts is left out. */
export function arrowsOf(
  sources: readonly SourceFile[],
  placeOf: (path: string) => string = regionOf,
  isOpening: (from: string, path: string) => boolean = () => false,
): ReadonlyMap<string, readonly string[]> {
  const next = new Map<string, Set<string>>()
  for (const file of sources.filter(({ isProduct, path }) => isProduct && path !== 'index.ts')) {
    const own = placeOf(file.path)
    const others = next.get(own) ?? new Set()
    next.set(own, others)
    const paths = pathsOf(file).filter(path => !isOpening(file.path, path))
    for (const place of paths.map(placeOf)) if (place !== own) others.add(place)
  }
  return new Map([...next].map(([place, others]) => [place, [...others]]))
}

/** 1 for a room that imports no other. */
export function floorOf(room: string, next: ReadonlyMap<string, readonly string[]>): number {
  return 1 + Math.max(0, ...(next.get(room) ?? []).map(below => floorOf(below, next)))
}

/** The shortest way from a file back to itself, the file first. */
export function wayBack(start: string, next: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const seen = new Set<string>()
  const ways = [[start]]
  for (let way = ways.shift(); way; way = ways.shift()) {
    for (const path of next.get(way.at(-1) ?? start) ?? []) {
      if (path === start) return way
      if (seen.has(path)) continue
      seen.add(path)
      ways.push([...way, path])
    }
  }
  return undefined
}

/** Top folder, or folder of the engine: what an alias leads into. */
export const regionOf = (path: string): string => /^(engine\/)?[^/]+/.exec(path)?.[0] ?? path

/** The folder that a file lies in. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** The files of the project that a file imports. */
export const pathsOf = (file: SourceFile): string[] => file.imports.flatMap(each => each.path ?? [])
