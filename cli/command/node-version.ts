/** Whether the Node that runs this is one that its package was made for. */
import { readFileSync } from 'node:fs'

/** A sentence for people where it is not. What is asked for is `engines` of package.json, such as `>=22.19`. */
export function faultOfNode(version: string, needed = neededNode()): string | undefined {
  const [major, minor] = numbersIn(version)
  const [majorMin, minorMin] = numbersIn(needed)
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined
  return `caudal runs on Node ${majorMin}.${minorMin} and later; this is ${version}: install a newer Node`
}

function neededNode(): string {
  const path = new URL('../../package.json', import.meta.url)
  const manifest: { readonly engines: { readonly node: string } } = JSON.parse(readFileSync(path, 'utf8'))
  return manifest.engines.node
}

function numbersIn(version: string): readonly [number, number] {
  const [major = '0', minor = '0'] = version.match(/\d+/g) ?? []
  return [Number(major), Number(minor)]
}
