/** Runs a benchmark: a process for each of its phases, and a folder that is gone afterwards. */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CaudalError } from '#core/errors.ts'
import type { Benchmark, Figures, Size } from './benchmark.ts'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))

export async function runBenchmark(benchmark: Benchmark, size: Size): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-bench-'))
  try {
    if (benchmark.prepare) await inChild(benchmark.name, 'prepare', size, folder)
    return await inChild(benchmark.name, 'run', size, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function inChild(name: string, phase: 'prepare' | 'run', size: Size, folder: string): Promise<Figures> {
  const child = fork(CHILD, [name, phase, size, folder], { execArgv: ['--expose-gc'] })
  return new Promise((resolve, reject) => {
    let figures: Figures | undefined
    child.once('message', message => {
      figures = message as Figures // The child sends nothing else.
    })
    // After 'close' nothing comes any more; 'exit' can overtake the last message.
    child.once('close', (code, signal) => {
      if (figures && code === 0) resolve(figures)
      else reject(new CaudalError('INTERNAL', { reason: `${name} ended with ${code ?? signal}` }))
    })
  })
}
