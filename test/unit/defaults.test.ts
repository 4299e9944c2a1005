/** Programs that embed the engine need to give neither a clock nor a logger: the machine's is taken, and warnings are written. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { operator } from '#core/operator.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openEmbeddedLog } from '#engine/log/embedded/index.ts'
import { settingsOf } from '#engine/log/kafka/options.ts'
import { lmdbStores } from '#engine/state/index.ts'
import { avro, bindSchemas, EmbeddedRegistry } from '#schemas/avro/index.ts'
import { topology } from '#topology/index.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

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
  counts.process('double', double).to(doubled)
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

/** Lines that would come on the standard error output. */
function written(): readonly string[] {
  const lines: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation(text => lines.push(String(text)) > 0)
  return lines
}

it('the log on Kafka tells its troubles on the standard error output', () => {
  const lines = written()
  settingsOf({ brokers: ['localhost:9092'], clientId: 'one' }).warn(
    'Kafka broker localhost:9092 does not answer',
  )
  expect(lines).toEqual(['caudal warning: Kafka broker localhost:9092 does not answer\n'])
})

it('a copy on disk that cannot be used is reported on the standard error output', async () => {
  const lines = written()
  const folder = mkdtempSync(join(tmpdir(), 'caudal-default-'))
  const copy = join(folder, 'app', 'counts-0')
  mkdirSync(copy, { recursive: true })
  writeFileSync(join(copy, 'data.mdb'), Buffer.alloc(10_000))
  const store = await lmdbStores({ path: folder }).open({
    application: 'app',
    topicId: 'id',
    stage: 'counts',
    partition: 0,
  })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(
    'caudal warning: a local copy of state was not usable event="discarded" task="counts/0"',
  )
  await store.close()
  rmSync(folder, { recursive: true })
})
