/** `caudal produce --graph` on real brokers: lines into the sources of a graph of one's own, by its codecs and its partitioner. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { renamedLog } from '#engine/log/renamed-log.ts'
import { EmbeddedRegistry } from '#schemas/avro/embedded-registry.ts'
import { bindSchemas } from '#schemas/avro/index.ts'
import { ROOT } from '../tidy/source.ts'
import { accepted, graph } from '../unit/cli/orders-graph.ts'
import { surroundings } from '../unit/cli/surroundings.ts'
import { BROKERS } from './kafka.ts'
import { RUN, stackRuns } from './stack.ts'

const GRAPH = join(ROOT, 'test/unit/cli/orders-graph.ts')
const ENVIRONMENT = { KAFKA_BROKERS: BROKERS.join(','), TOPIC_PREFIX: RUN, LOG_LEVEL: 'error' }
const ITEMS = ['nails', 'glue', 'rope', 'tape', 'wire', 'wood']

/** The command on a file of these lines. */
async function produce(lines: readonly string[], ...options: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-produce-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'orders.ndjson')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const { world, stdout, stderr } = surroundings({ environment: ENVIRONMENT })
  const code = await main(['produce', file, '--graph', GRAPH, '--json', ...options], world)
  return { code, stdout: stdout.text, stderr: stderr.text }
}

/** What a pod of the graph makes of it. */
async function processed(count: number): Promise<readonly (string | null)[]> {
  const log = await openKafkaLog({ brokers: BROKERS, clientId: `${RUN}orders`, system: realSystem })
  onTestFinished(() => log.close())
  const own = renamedLog(log, { prefix: RUN })
  const registry = new EmbeddedRegistry({ application: graph.name, log: own, system: realSystem })
  const bound = await bindSchemas(graph, { registry, system: realSystem, logger: silent })
  const app = await run(bound, { log: own, logger: silent })
  const found: (string | null)[] = []
  for await (const { value } of app.follow(accepted)) {
    found.push(value)
    if (found.length === count) break
  }
  await app.stop()
  return found
}

describe.skipIf(!(await stackRuns('kafka')))('caudal produce --graph on Kafka', () => {
  it('puts each line once with --once, at the partition of its key, and a pod reads it', async () => {
    const lines = ITEMS.map((item, index) =>
      JSON.stringify({ source: 'orders', key: item, value: { item, count: index + 1 } }),
    )
    const first = await produce(lines, '--once')
    expect(first.stderr).toBe('')
    expect(first.code).toBe(EXIT.ok)
    expect(JSON.parse(first.stdout)).toMatchObject({ produced: ITEMS.length })
    const again = await produce(lines, '--once')
    expect(JSON.parse(again.stdout)).toMatchObject({ produced: 0, known: ITEMS.length })
    const found = await processed(ITEMS.length)
    expect([...found].sort()).toEqual(ITEMS.map((item, index) => `${index + 1} ${item}`).sort())
  })

  it('refuses a whole file with one faulty value, and names its line', async () => {
    const { code, stderr } = await produce([
      '{"source": "orders", "key": "ada", "value": {"item": "nails", "count": 3}}',
      '{"source": "orders", "key": "ada", "value": {"item": "nails", "count": "three"}}',
    ])
    expect(code).toBe(EXIT.usage)
    expect(stderr).toMatch(/line 2: .*; nothing of it was fed/)
  })
})
