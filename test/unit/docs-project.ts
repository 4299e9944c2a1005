/** The files that a page of the documentation has its reader write, as a project: by name, once for each version of it. */

/** A block of code that gives a file which is there already begins the next version, with all other files as they are. */
export function projectsIn(text: string): readonly ReadonlyMap<string, string>[] {
  const versions: Map<string, string>[] = []
  for (const [, name = '', code = ''] of text.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```/gm)) {
    const latest = versions.at(-1)
    if (!latest || latest.has(name)) versions.push(new Map([...(latest ?? []), [name, code]]))
    else latest.set(name, code)
  }
  return versions
}
