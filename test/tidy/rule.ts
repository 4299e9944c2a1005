/** What a rule of style is: a check with its reason, what to do instead, and a breach that proves that it can fail. */
import type { SourceFile, Tree } from './source.ts'

export interface Finding {
  readonly path: string
  readonly line: number
  readonly what: string
}

export interface Rule {
  /** Identity, used by exemptions. */
  readonly name: string
  readonly because: string
  readonly instead: string
  check(tree: Tree): readonly Finding[]
  /** Files that break it, path to text: the test of the test. */
  readonly breach: Readonly<Record<string, string>>
}

/** Runs a check on each source file that the filter lets through. */
export function perFile(
  applies: (file: SourceFile) => boolean,
  check: (file: SourceFile, report: (offset: number, what: string) => void) => void,
): (tree: Tree) => Finding[] {
  return tree => {
    const found: Finding[] = []
    for (const file of tree.sources.filter(applies)) {
      check(file, (offset, what) => found.push({ path: file.path, line: file.lineOf(offset), what }))
    }
    return found
  }
}

export const everywhere = (): boolean => true
export const inProduct = (file: SourceFile): boolean => file.isProduct

/** Whether the path is one of the places: a file, or a folder with all that is in it. */
export function isUnder(path: string, places: readonly string[]): boolean {
  return places.some(place => path === place || path.startsWith(`${place}/`))
}
