/** Every example runs by itself, ends by itself, says what it promises, and leaves no folder behind. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { answers } from '#pipelines/answers.ts'
import { ROOT } from './tidy/source.ts'

const execute = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'caudal-examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

const EXPECTED: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  'word-count.ts': ['the: 8', 'river: 6', 'runs: 4', '30 words counted, by two pods one after the other'],
  'async-enrichment.ts': [
    'the first result is out',
    '5000 orders rated by 5000 calls, at most 1000 in flight',
    /\d+\.\d s; one after another it would be 1000 s/,
  ],
  'sessions.ts': ['ada: / -> /docs', 'ben: /prices', 'ada: /start'],
}

it('the picture in the README has every topic and operator of the pipeline, and no other', () => {
  const picture = /```mermaid\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1] ?? ''
  const drawn = picture
    .split('\n')
    .slice(1)
    .flatMap(line => line.replace(/-- [\w ]+ -->/g, '-->').split(/\s+(?:-->|-\.->|&)\s+/))
    .map(node => node.trim().replace(/\[.*/, ''))
    .filter(node => node !== '')
  const graph = answers({ model: { complete: async () => Promise.reject(new TypeError('nobody asks')) } })
  const declared = [...graph.topics, ...graph.operators].map(({ name }) => name)
  expect([...new Set(drawn)].sort()).toEqual(declared.sort())
})

it('no example is forgotten here', () => {
  expect(readdirSync(join(ROOT, 'examples')).sort()).toEqual(Object.keys(EXPECTED).sort())
})

it.each(Object.entries(EXPECTED))('%s', async (name, expected) => {
  const { stdout, stderr } = await execute(process.execPath, [join(ROOT, 'examples', name)], {
    timeout: 50_000,
    env: { ...process.env, TMPDIR: folder },
  })
  for (const line of expected) expect(stdout).toMatch(line)
  expect(stderr).toBe('')
  expect(readdirSync(folder)).toEqual([])
})
