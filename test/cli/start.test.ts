/** `caudal start` as a user runs it: in a process of its own, on a real disk, with the simulated model over HTTP. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCaudal, summaryOf } from './process.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-start-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('caudal start --exit', () => {
  it('answers the whole sample and ends well, telling what came of each input', async () => {
    const { code, stdout } = await runCaudal(['start', '--exit', '--json'], { DATA_DIR: folder })
    expect(code).toBe(0)
    const summary = summaryOf(stdout)
    const { inputs, invalid, duplicates, delivered, failed } = summary
    expect(inputs).toBeGreaterThanOrEqual(60)
    expect(invalid).toBeGreaterThan(0)
    expect(invalid + duplicates + delivered + failed).toBe(inputs)
    expect(summary.calls_bought_twice).toBe(0)
    expect(summary.seconds).toBeLessThan(30)
  })
})
