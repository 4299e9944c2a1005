/** `caudal produce --graph` and what becomes of it: values are written and shown as those of the graph. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { EmbeddedRegistry } from '#schemas/avro/embedded-registry.ts'
import { bindSchemas } from '#schemas/avro/index.ts'
import { ROOT } from '../../tidy/source.ts'
import { caudal, dataFolder } from './data-folder.ts'
import { accepted, graph } from './orders-graph.ts'

const FILE = join(ROOT, 'test/unit/cli/orders-graph.ts')
const own = (folder: string, ...command: string[]) => caudal(folder, [...command, '--graph', FILE])

const LINES = [
  '{"source": "orders", "key": "ada", "value": {"item": "nails", "count": 3}}',
  '{"source": "orders", "key": "ada", "value": {"item": "glue", "count": 0}}',
  '{"source": "notes", "value": "urgent"}',
]

function fileOf(folder: string, lines: readonly string[], name = 'orders.ndjson'): string {
  const path = join(folder, name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

/** A pod of the graph works until it has accepted as many, and everything before them. */
async function worked(folder: string, count: number): Promise<readonly (string | null)[]> {
  const log = await openEmbeddedLog({ path: join(folder, 'log') })
  const registry = new EmbeddedRegistry({ application: graph.name, log, system: realSystem })
  const bound = await bindSchemas(graph, { registry, system: realSystem, logger: silent })
  const app = await run(bound, { log, logger: silent, limits: { positionInterval: 50 } })
  const found: (string | null)[] = []
  for await (const { value } of app.follow(accepted)) {
    found.push(value)
    if (found.length === count) break
  }
  await app.stop()
  await log.close()
  return found
}

async function countIn(folder: string, ...topics: readonly string[]): Promise<number> {
  const log = await openEmbeddedLog({ path: join(folder, 'log') })
  let count = 0
  for (const { name } of await log.describeTopics(topics)) await readAll(log, name, () => count++)
  await log.close()
  return count
}

it('caudal produce puts lines into their sources as values, each once with --once, and a pod processes them', async () => {
  const folder = dataFolder()
  const file = fileOf(folder, LINES)
  const first = await own(folder, 'produce', file, '--once', '--json')
  expect(first.stderr).toBe('')
  expect(JSON.parse(first.stdout)).toEqual({ produced: 3, known: 0, too_large: 0 })
  const again = await own(folder, 'produce', file, '--once')
  expect(again.stdout).toBe('0 events put into orders, notes, 3 were there\n')
  expect(await worked(folder, 1)).toEqual(['3 nails'])
})

it('caudal dlq shows the record of a dead letter as a value', async () => {
  const folder = dataFolder()
  const last = '{"source": "orders", "key": "ada", "value": {"item": "tape", "count": 1}}'
  await own(folder, 'produce', fileOf(folder, [...LINES, last]))
  await worked(folder, 2)
  const { id } = JSON.parse((await own(folder, 'dlq', 'list', '--json')).stdout)
  const { code, stdout } = await own(folder, 'dlq', 'show', id, '--json')
  expect(code).toBe(EXIT.ok)
  expect(JSON.parse(stdout).origin).toMatchObject({
    topic: 'orders',
    key: 'ada',
    value: { item: 'glue', count: 0 },
  })
})

it.each([
  ['no object', '"river"', 'line 2: it is not written as {"key": "ada", "value": "river"}'],
  ['without a value', '{"source": "notes", "key": "ada"}', 'line 2: it is not written as'],
  ['no JSON', 'river', 'line 2: '],
  [
    'without a source',
    '{"key": "ada", "value": "x"}',
    'it does not name its source: there are orders, notes',
  ],
  ['of no source', '{"source": "order", "value": "x"}', 'no source "order": there are orders, notes'],
  [
    'with a field of its own',
    '{"source": "notes", "value": "x", "keys": 1}',
    'a field keys: source, key, value',
  ],
  ['with a key that is none', '{"source": "notes", "value": "x", "key": 7}', 'its key is 7: a text is taken'],
  ['of another type', '{"source": "orders", "key": "a", "value": {"item": "nails"}}', 'line 2: '],
])('a file with a line %s is refused whole, with the line', async (_, line, reason) => {
  const folder = dataFolder()
  const { code, stderr } = await own(folder, 'produce', fileOf(folder, [LINES[0] ?? '', line]))
  expect(stderr).toContain(reason)
  expect(stderr).toMatch(/orders\.ndjson is refused for line 2: .*; nothing of it was fed\n$/)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(code).toBe(EXIT.usage)
  expect(await countIn(folder, 'orders', 'notes')).toBe(0)
})

it('a CSV file is refused, because its cells are texts and not values', async () => {
  const folder = dataFolder()
  const { code, stderr } = await own(folder, 'produce', fileOf(folder, ['key,value', 'a,b'], 'orders.csv'))
  expect(code).toBe(EXIT.usage)
  expect(stderr).toContain('orders.csv is CSV: for a graph of your own write one JSON object a line')
})

it('a faulty line of the standard input is reported with its number', async () => {
  const folder = dataFolder()
  const { code, stderr } = await caudal(folder, ['produce', '-', '--graph', FILE], `${LINES[0]}\nriver\n`)
  expect(code).toBe(EXIT.usage)
  expect(stderr).toContain('line 2: ')
})
