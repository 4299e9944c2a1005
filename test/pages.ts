/** What the pages show, for tests that do it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './tidy/source.ts'

export const page = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** The first block of code of a page that matches. */
export function firstBlock(path: string, pattern: RegExp): string {
  const blocks = [...page(path).matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)
  const found = blocks.find(block => pattern.test(block))
  if (found === undefined) throw new TypeError(`${path} has no block with ${pattern}`)
  return found
}
