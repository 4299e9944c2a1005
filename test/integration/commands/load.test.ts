/** `caudal load` as a user runs it, beside a `caudal start` that answers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCaudal, startCaudal } from '../../cli/process.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-load-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const load = (...words: string[]) => runCaudal(['load', ...words], { DATA_DIR: folder })

describe('caudal load', () => {
  it('measures until each event has its outcome, and keeps the report', async () => {
    const input = join(folder, 'one.ndjson')
    writeFileSync(input, '{"title": "What is a fuse for?"}\n')
    const pod = startCaudal(['start', '--input', input], { DATA_DIR: folder })
    await pod.until(/Serving until stopped/)
    const page = join(folder, 'load.html')
    const { code, stdout } = await load('--rate', '20', '--duration', '2s', '--json', '--report', page)
    pod.process.kill('SIGTERM')
    await pod.ended
    expect(code).toBe(0)
    const report = JSON.parse(stdout)
    const { sent, acknowledged, delivered, failed, lost, doubled, toDelivered } = report.measured
    expect({ sent, acknowledged, lost, doubled }).toEqual({
      ...{ sent: 40, acknowledged: 40 },
      ...{ lost: { count: 0, ids: [] }, doubled: { count: 0, ids: [] } },
    })
    expect(delivered + failed).toBe(40)
    expect(toDelivered.count).toBe(delivered)
    expect(readFileSync(page, 'utf8')).toContain('every acknowledged event has exactly one outcome')
  })

  it('asks through the gateway, and each question has its outcome', async () => {
    const input = join(folder, 'one.ndjson')
    writeFileSync(input, '{"title": "What is a fuse for?"}\n')
    const pod = startCaudal(['start', '--input', input], { DATA_DIR: folder, PORT: '0' })
    const [, url = ''] = await pod.until(/Gateway: (http:\S+)/)
    await pod.until(/Serving until stopped/)
    const { code, stdout } = await load('--gateway', url, '--rate', '20', '--duration', '2s', '--json')
    pod.process.kill('SIGTERM')
    await pod.ended
    expect(code).toBe(0)
    const { target, measured } = JSON.parse(stdout)
    expect(target).toBe(`the gateway at ${url}`)
    expect(measured).toMatchObject({ sent: 40, acknowledged: 40, lost: { count: 0 }, doubled: { count: 0 } })
    expect(measured.delivered + measured.failed).toBe(40)
  })

  it('ends with 1 and lists the events where nothing answers them', async () => {
    const { code, stdout } = await load('--rate', '5', '--duration', '1s', '--drain', '0s')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^5 without an outcome: load-\S+-0, /m)
  })

  it('names every fault of its options, and sends nothing', async () => {
    const { code, stderr } = await load('--rate', 'fast', '--burst', '5', '--mix', 'chess=1', '--repeat', '2')
    expect(code).toBe(2)
    for (const option of ['--rate', '--burst', '--mix', '--repeat'])
      expect(stderr).toContain(`${option} must be`)
  })

  it('refuses a dataset, and names the lines that are no events', async () => {
    const path = join(folder, 'questions.ndjson')
    writeFileSync(path, '{"title": "One?"}\n{"title": 2}\nnot JSON\n')
    const { code, stderr } = await load('--dataset', path)
    expect(code).toBe(2)
    expect(stderr).toContain('line 2: title must be text')
    expect(stderr).toContain('line 3: it is not JSON')
  })

  it('refuses a report file that it cannot write, before it sends anything', async () => {
    const { code, stderr } = await load('--report', join(folder, 'none', 'load.html'))
    expect(code).toBe(2)
    expect(stderr).toContain('cannot be written')
  })
})
