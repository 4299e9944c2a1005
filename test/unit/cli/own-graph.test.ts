/** Commands on a graph of one's own, which know nothing of the answer pipeline. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { silent } from '#core/loggers.ts'
import { run } from '#engine/client/run.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import { serveLog } from '#engine/log/socket/index.ts'
import { ROOT } from '../../tidy/source.ts'
import { caudal, dataFolder } from './data-folder.ts'
import { graph, totals, words } from './own-graph.ts'

const FILE = join(ROOT, 'test/unit/cli/own-graph.ts')
const own = (folder: string, ...command: string[]) => caudal(folder, [...command, '--graph', FILE])

/** A pod of the graph has counted two words and given up a third; it goes on while `use` looks. */
async function whileRunning<T>(folder: string, use: () => Promise<T>): Promise<T> {
  const path = join(folder, 'log')
  const log = await openEmbeddedLog({ path })
  const server = await serveLog(log, path)
  const app = await run(graph, { log, logger: silent, limits: { positionInterval: 50 } })
  await app.send(
    words,
    { key: 'ada', value: 'river' },
    { key: 'ada', value: 'poison' },
    { key: 'ada', value: 'flow' },
  )
  for await (const each of app.follow(totals)) if (each.value === 9) break
  try {
    return await use()
  } finally {
    await app.stop()
    await server.close()
    await log.close()
  }
}

describe('a command with --graph', () => {
  it('explains the graph, and compares it with an earlier version, without a log', async () => {
    const folder = dataFolder()
    const { code, stdout } = await own(folder, 'explain')
    expect(code).toBe(EXIT.ok)
    expect(stdout).toMatch(/^own: 1 stage, 2 tasks/)
    const path = join(folder, 'release.json')
    writeFileSync(path, (await own(folder, 'explain', '--json')).stdout)
    expect((await own(folder, 'explain', '--compare', path)).stdout).toBe('nothing has changed\n')
  })

  it('shows state, lag and dead letters while the pod runs, and sends a dead letter again', async () => {
    const folder = dataFolder()
    await whileRunning(folder, async () => {
      expect((await own(folder, 'state', 'get', 'count', 'ada')).stdout).toBe('total = 9\n')
      expect((await own(folder, 'topics', 'plan')).stdout).toContain('own.count.state')
      expect(JSON.parse((await own(folder, 'lag', '--json')).stdout)).toMatchObject({
        topic: 'words',
        end: 3,
      })
      const [line = ''] = (await own(folder, 'dlq', 'list', '--json')).lines
      const { id, kind, reason } = JSON.parse(line)
      expect({ kind, reason }).toMatchObject({ kind: 'dead', reason: expect.stringContaining('no word') })
      const shown = JSON.parse((await own(folder, 'dlq', 'show', id, '--json')).stdout)
      expect(shown.origin).toMatchObject({ topic: 'words', key: 'ada', value: 'poison' })
      expect((await own(folder, 'dlq', 'replay', id, '--json')).stdout).toBe('{"replayed":1}\n')
    })
  })

  it('creates the topics of the graph and no others', async () => {
    const folder = dataFolder()
    expect((await own(folder, 'lag')).code).toBe(EXIT.notFound)
    const { created } = JSON.parse((await own(folder, 'topics', 'apply', '--json')).stdout)
    expect(created).toContain('own.dead-letters')
    const log = await openEmbeddedLog({ path: join(folder, 'log') })
    const names = (await log.describeTopics()).map(({ name }) => name)
    await log.close()
    expect(names.sort()).toEqual([...created].sort())
    expect((await own(folder, 'lag')).code).toBe(EXIT.ok)
  })

  it('runs the graph under faults, and finds no error in a correct graph', async () => {
    const { code, stdout } = await own(dataFolder(), 'simulate', '--seeds', '5')
    expect(stdout).toBe('5 runs of own: all right\n')
    expect(code).toBe(EXIT.ok)
  })

  it('reports a graph whose outputs depend on faults of its pods, with a seed that repeats the run', async () => {
    const path = join(ROOT, 'test/unit/cli/forgetful-graph.ts')
    const { code, stdout } = await caudal(dataFolder(), ['simulate', '--seeds', '5', '--graph', path])
    expect(code).toBe(EXIT.failed)
    expect(stdout).toMatch(/^ {2}wrong: topic counts: \S+ = \d+ is there \d+ times too (seldom|often)$/m)
    expect(stdout).toMatch(/^ {2}again: caudal simulate --seed \d+ --graph \S+forgetful-graph\.ts$/m)
  })

  it('does not simulate a graph that has no events to read', async () => {
    const folder = dataFolder()
    const path = join(folder, 'graph.ts')
    writeFileSync(path, "export const graph = { name: 'x', topics: [], operators: [] }\n")
    const { code, stderr } = await caudal(folder, ['simulate', '--graph', path])
    expect(code).toBe(EXIT.usage)
    expect(stderr).toContain('exports no inputs')
  })

  it.each([
    ['is not there', 'none.ts', undefined, 'none.ts cannot be loaded'],
    ['exports none', 'empty.ts', 'export const words = 1\n', 'empty.ts exports no graph'],
    ['cannot be read', 'broken.ts', 'export const\n', 'broken.ts cannot be loaded'],
  ])('reports that the file %s', async (_, name, text, message) => {
    const folder = dataFolder()
    const path = join(folder, name)
    if (text !== undefined) writeFileSync(path, text)
    const { code, stderr } = await caudal(folder, ['explain', '--graph', path])
    expect(code).toBe(EXIT.usage)
    expect(stderr).toContain(message)
  })
})
