/** What the heap of the command takes beyond what lives in it. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const PROGRAM = join(import.meta.dirname, 'churning.ts')
const heapMb = (...words: string[]) => Number(execFileSync(process.execPath, [PROGRAM, ...words]))

it('a bounded heap takes clearly less memory than a heap that V8 sizes by itself, for the same work', () => {
  expect(heapMb('bound')).toBeLessThan(heapMb() * 0.9)
})
