/** Programs that embed the engine name no clock: whatever would take one takes that of the machine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { operator } from '#engine/core/operator.ts'
import { realSystem } from '#engine/core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/index.ts'
import { settingsOf } from '#engine/log/kafka/options.ts'
import { run } from '#engine/runtime/run.ts'
import { lmdbStores } from '#engine/state/index.ts'
import { avro, bindSchemas, EmbeddedRegistry } from '#schemas/index.ts'
import { topology } from '#topology/index.ts'

const Count = avro<number>(JSON.stringify({ type: 'long' }))
const double = operator({
  name: 'double',
  input: Count,
  outputs: { doubled: Count },
  process: (record, ctx) => ctx.emit('doubled', 2 * record.value),
})

it('a graph with Avro, a registry and copies on disk runs without a system that is given', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-default-'))
  const graph = topology('counts')
  const counts = graph.source('counts', { value: Count })
  const doubled = graph.topic('doubled', { value: Count })
  counts.process(double).to(doubled)
  const log = await openEmbeddedLog({ path: join(folder, 'log') })
  const registry = new EmbeddedRegistry({ application: 'counts', log })
  const bound = await bindSchemas(graph.build(), { registry })
  const running = await run(bound, { log, stores: lmdbStores({ path: join(folder, 'state') }) })
  await running.send(counts, { key: 'one', value: 21 })
  for await (const { value } of running.follow(doubled)) {
    expect(value).toBe(42)
    break
  }
  await running.stop()
  await log.close()
  rmSync(folder, { recursive: true })
})

it('the log on Kafka takes the machine’s own time and chance', () => {
  expect(settingsOf({ brokers: ['localhost:9092'], clientId: 'one' }).system).toBe(realSystem)
})
