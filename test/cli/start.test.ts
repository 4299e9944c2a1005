/** `caudal start` as a user runs it: in a process of its own, on a real disk, with the simulated model over HTTP. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DeliveredAvro, FailedAvro } from '#answers/codecs.ts'
import { realSystem } from '#core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { ROOT } from '../tidy/source.ts'
import { runCaudal, startCaudal, startChild, summaryOf } from './process.ts'

const PROGRAM = join(ROOT, 'cli/caudal.js')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-start-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const start = (...words: string[]) => runCaudal(['start', '--exit', '--json', ...words], { DATA_DIR: folder })

describe('caudal start --exit', () => {
  it('answers the whole sample and ends well, with one line for the outcome of each input', async () => {
    const { code, stdout } = await start()
    expect(code).toBe(0)
    const summary = summaryOf(stdout)
    const { inputs, invalid, duplicates, delivered, failed } = summary
    expect(inputs).toBeGreaterThanOrEqual(60)
    expect(invalid).toBeGreaterThan(0)
    expect(duplicates).toBeGreaterThan(0)
    expect(invalid + duplicates + delivered + failed).toBe(inputs)
    expect(summary.calls).toBeGreaterThanOrEqual(delivered)
    expect(summary.calls_bought_twice).toBe(0)
    expect(summary.seconds).toBeLessThan(30)
    expect(stdout).toContain('simulated model')
  })

  it('takes a file, feeds it once, and begins again with --fresh', async () => {
    const input = join(folder, 'own.ndjson')
    writeFileSync(
      input,
      '{"title": "What is a fuse for?", "best_answer": "It cuts the current."}\n\nnot JSON\n',
    )
    const first = summaryOf((await start('--input', input)).stdout)
    expect(first).toMatchObject({ inputs: 2, invalid: 1, delivered: 1 })
    const second = summaryOf((await start('--input', input)).stdout)
    expect(second).toMatchObject({ inputs: 2, invalid: 1, delivered: 1, calls: first.calls })
    const fresh = summaryOf((await start('--fresh', '--input', input)).stdout)
    expect(fresh).toMatchObject({ inputs: 2, delivered: 1 })
  })

  it('continues after a kill: one outcome for each input, and no double delivery', async () => {
    for (const answered of [/[1-9]\d* of \d+ answered/, /Fed: 0 events/]) {
      const child = startCaudal(['start'], { DATA_DIR: folder })
      await child.until(answered)
      child.process.kill('SIGKILL')
      expect((await child.ended).signal).toBe('SIGKILL')
    }
    const { code, stdout } = await start()
    expect(code).toBe(0)
    const { inputs, invalid, duplicates, delivered, failed } = summaryOf(stdout)
    expect(invalid + duplicates + delivered + failed).toBe(inputs)
    const outcomes = await outcomesIn(folder)
    expect(outcomes.length).toBe(inputs - duplicates)
    expect(new Set(outcomes).size).toBe(outcomes.length)
  })
})

describe('caudal start', () => {
  it('serves after the last answer, and ends well on a signal', async () => {
    const child = startCaudal(['start', '--json'], { DATA_DIR: folder })
    await child.until(/Serving until stopped/)
    const refused = await runCaudal(['start'], { DATA_DIR: folder })
    expect(refused.code).toBe(4)
    expect(refused.stderr).toContain('LOG_IN_USE')
    child.process.kill('SIGTERM')
    const { code, stdout } = await child.ended
    expect(code).toBe(0)
    expect(summaryOf(stdout).delivered).toBeGreaterThan(50)
  })
})

/** The ids of all that was delivered or set aside. */
async function outcomesIn(dataFolder: string): Promise<readonly string[]> {
  const log = await openEmbeddedLog({ path: join(dataFolder, 'log'), system: realSystem })
  const ids: string[] = []
  await readAll(log, 'datos_procesados', ({ value }) => value && ids.push(DeliveredAvro.decode(value).id))
  await readAll(log, 'llm.failed', ({ value }) => value && ids.push(FailedAvro.decode(value).id))
  await log.close()
  return ids
}

/** `$0` is Node, `$1` the program. */
const inShell = (script: string) =>
  startChild('/bin/sh', ['-c', script, process.execPath, PROGRAM], {
    DATA_DIR: folder,
    PATH: process.env.PATH ?? '',
  }).ended

describe('a caudal command that cannot continue', () => {
  it('ends with the reason where its output cannot be written', async () => {
    const { code, stderr } = await inShell('exec "$0" "$1" start --exit --json > /dev/full')
    expect(stderr).toContain('caudal: the output cannot be written: ENOSPC')
    expect(code).toBe(1)
  })

  it('ends with code 141 where the reader of its output ends early', async () => {
    const { stderr } = await inShell('("$0" "$1" topics plan; echo "code $?" >&2) | true')
    expect(stderr).toContain('code 141')
  })

  it('ends with the number of files that it needs where it may open fewer files', async () => {
    const { code, stderr } = await inShell('ulimit -n 256; exec "$0" "$1" start --exit')
    expect(stderr).toMatch(/may have 256 files open.*ulimit -n \d+/s)
    expect(code).toBe(3)
  })

  it('ends although a graph of somebody has left a timer running', async () => {
    const graph = join(folder, 'graph.ts')
    const index = JSON.stringify(join(ROOT, 'index.ts'))
    writeFileSync(
      graph,
      `import { codec, topology } from ${index}
export const graph = topology('own')
graph.source('words', { value: codec.text }).map('same', codec.text, word => word).to(graph.topic('out', { value: codec.text }))
setInterval(() => undefined, 1_000)
`,
    )
    const { code, stdout, stderr } = await runCaudal(['explain', '--graph', graph], {})
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('words')
  })
})
