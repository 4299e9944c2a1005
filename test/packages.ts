/** The examples of the pages, for tests of what is packed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './tidy/source.ts'

/** The first block of code of a page that matches. */
export function firstBlock(page: string, pattern: RegExp): string {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const blocks = [...text.matchAll(/^```[\w ]+\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)
  const found = blocks.find(block => pattern.test(block))
  if (found === undefined) throw new TypeError(`${page} has no block with ${pattern}`)
  return found
}
