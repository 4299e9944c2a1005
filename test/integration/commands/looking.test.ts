/** Commands that look at the embedded log while another process runs the pipeline on it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Child, runCaudal, startCaudal } from '../../cli/process.ts'
import { caudal as caudalHere } from '../../unit/cli/data-folder.ts'

let folder: string
let holder: Child | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-looking-'))
})
afterEach(async () => {
  holder?.process.kill('SIGKILL')
  await holder?.ended
  holder = undefined
  rmSync(folder, { recursive: true, force: true })
})

const caudal = (...words: string[]) => runCaudal(words, { DATA_DIR: folder })
async function holding(...words: string[]): Promise<Child> {
  holder = startCaudal(['start', ...words], { DATA_DIR: folder })
  await holder.until(/Serving until stopped/)
  return holder
}
async function stopped(child: Child): Promise<void> {
  child.process.kill('SIGTERM')
  expect((await child.ended).code).toBe(0)
}

describe('a command that only looks', () => {
  it('prints the same beside caudal start as after its end', async () => {
    const input = join(folder, 'two.ndjson')
    writeFileSync(input, '{"id": "q", "title": "What is a fuse for?", "best_answer": "It cuts."}\nno JSON\n')
    const child = await holding('--input', input)
    const looks = [
      ['lag', '--json'],
      ['results', '--json'],
      ['dlq', 'list', '--json'],
      ['config', 'list'],
      ['topics', 'plan'],
      ['state', 'get', 'admit', 'q'],
      ['dlq', 'show', 'two.ndjson/2'],
    ]
    const during = await Promise.all(looks.map(words => caudal(...words)))
    await stopped(child)
    for (const [index, words] of looks.entries()) {
      const { code, stdout, stderr } = await caudalHere(folder, words)
      expect(during[index], words.join(' ')).toMatchObject({ code, stdout, stderr })
    }
    expect(during[1]?.stdout).toContain('What is a fuse for?')
    expect(during[2]?.stdout).toContain('"kind":"invalid"')
    expect(during.map(({ code }) => code).slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('sees new answers, changes and replays beside caudal start', async () => {
    const input = join(folder, 'one.ndjson')
    writeFileSync(input, '{"title": "What is a fuse for?", "best_answer": "It cuts the current."}\n')
    await holding('--input', input)
    const more = join(folder, 'more.ndjson')
    writeFileSync(
      more,
      '{"id": "later", "title": "What is a valve for?", "best_answer": "It stops the flow."}\n',
    )
    const change = join(folder, 'change.json')
    writeFileSync(change, '{"threshold": 0}')
    expect((await caudal('config', 'set', 'qa', change)).code).toBe(0)
    expect((await caudal('config', 'list')).stdout).toContain('threshold: 0')
    expect((await caudal('produce', more)).stdout).toBe('1 event put into datos_crudos\n')
    const follower = startCaudal(['results', '--follow'], { DATA_DIR: folder })
    await follower.until(/^later /m)
    follower.process.kill('SIGINT')
    expect((await follower.ended).code).toBe(0)
    expect((await caudal('config', 'unset', 'qa')).code).toBe(0)
    expect(await caudal('dlq', 'replay', '--all', '--json')).toMatchObject({
      code: 0,
      stdout: '{"replayed":0}\n',
    })
  })
})

describe('a killed process that held the log', () => {
  it('ends a waiting command with code 4, and does not block the next holder', async () => {
    const child = await holding()
    const follower = startCaudal(['results', '--follow'], { DATA_DIR: folder })
    await follower.until(/./)
    child.process.kill('SIGKILL')
    const { code, stderr } = await follower.ended
    expect(code).toBe(4)
    expect(stderr).toContain('LOG_HOLDER_ENDED')
    expect((await caudal('lag')).code).toBe(0)
    await holding()
    expect((await caudal('lag')).code).toBe(0)
  })
})
