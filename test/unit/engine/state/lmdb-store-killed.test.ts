/** An LMDB store whose process is killed at any moment: what is found is a whole prefix of what was applied. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { lmdbStores, type StoreDiagnosis } from '#engine/state/lmdb-store.ts'
import type { Store } from '#engine/state/store.ts'
import { seededRandom } from '#testing/seeded-random.ts'

const WRITER = fileURLToPath(new URL('lmdb-writer.ts', import.meta.url))
const TASK = { application: 'app', stage: 'count', partition: 0, topicId: 'topic-1' }

let path: string
let child: ChildProcess | undefined
let told: StoreDiagnosis[]
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'caudal-killed-'))
  told = []
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(path, { recursive: true })
})

/** Runs the writer until it has said `commits` commits, kills it there, and returns all that it said. */
async function runAndKill(commits: number, gatheredBytesMax: number): Promise<string[]> {
  const writer = spawn(process.execPath, [WRITER, path, String(gatheredBytesMax)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = writer
  const lines: string[] = []
  const ended = once(writer, 'exit')
  for await (const line of createInterface({ input: writer.stdout })) {
    if (lines.push(line) === commits) writer.kill('SIGKILL')
  }
  expect(await ended).toEqual([null, 'SIGKILL'])
  return lines
}

function numberIn(store: Store, key: string): number | undefined {
  const bytes = store.get(key)
  return bytes && Number(Buffer.from(bytes).toString())
}

/** The content that the writer's commits up to `position` leave, and nothing of a later one. */
function expectPrefix(store: Store, position: number): void {
  expect(numberIn(store, 'vlast')).toBe(position)
  for (let index = 0; index < 500; index++) {
    const latest = position - ((position - index) % 500)
    const expected = index <= position && latest > 0 ? latest : undefined
    expect(numberIn(store, `vkey-${index}`)).toBe(expected)
  }
  const kept = [...store.entries('vgone-')].map(([key]) => Number(key.slice('vgone-'.length)))
  const expected = Array.from({ length: Math.min(position, 10) }, (_, back) => position - back)
  expect(kept.sort((a, b) => b - a)).toEqual(expected)
}

it.each([
  ['in large flushes', 8_000_000],
  ['in small flushes and synchronous writes', 30_000],
])('holds the commits up to its position, written %s', async (_, gatheredBytesMax) => {
  const random = seededRandom(7)
  const factory = lmdbStores({ path, system: realSystem, diagnose: each => told.push(each) })
  let before = 0
  for (let round = 0; round < 4; round++) {
    const lines = await runAndKill(2_000 + Math.floor(random() * 20_000), gatheredBytesMax)
    expect(lines.filter(line => !/^\d+$/.test(line))).toEqual([])
    expect(Number(lines[0])).toBe(before + 1)
    const store = await factory.open(TASK)
    const position = store.position ?? 0
    expect(position).toBeGreaterThanOrEqual(before)
    expect(position).toBeLessThanOrEqual(Number(lines.at(-1)) + 1)
    if (position > 0) expectPrefix(store, position)
    await store.close()
    before = position
  }
  expect(before).toBeGreaterThan(1_000)
  expect(told).toEqual([])
})
