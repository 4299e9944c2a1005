/** LMDB ends the process where it gets no file: a store says so instead, and nothing of a copy is lost. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startChild } from '../../../cli/process.ts'

const SCRIPT = fileURLToPath(new URL('many-stores.ts', import.meta.url))

it('a store for which no file is left is refused with the remedy, and the process lives', async () => {
  const path = mkdtempSync(join(tmpdir(), 'caudal-few-files-'))
  const words = ['-c', `ulimit -n 100; exec "$0" "$1" "$2"`, process.execPath, SCRIPT, path]
  const { code, signal, stdout } = await startChild('/bin/sh', words, {}).ended
  rmSync(path, { recursive: true })
  expect([code, signal]).toEqual([0, null])
  expect(stdout).toMatch(/^STORE_FAILED: .*raise its limit \(ulimit -n\)/)
})
