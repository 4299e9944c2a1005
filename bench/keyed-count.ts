/** Keyed count: state read, state write and one output per record. */
import { json } from '#engine/core/codec.ts'
import { operator, value } from '#engine/core/operator.ts'
import { realSystem } from '#engine/core/system.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { run } from '#engine/runtime/run.ts'
import { topology } from '#topology/index.ts'

const total = json<number>('total')
const count = operator({
  name: 'count', input: json<{ n: number; pad: string }>('event'), outputs: { counted: total }, state: { total: value(total) },
  process(record, ctx) {
    const next = (ctx.state.total.get() ?? 0) + 1
    ctx.state.total.set(next)
    ctx.emit('counted', next)
  },
})
const t = topology('bench')
const events = t.source('events', { value: json<{ n: number; pad: string }>('event'), partitions: 8, partitionedByKey: true })
const counts = t.topic('counts', { value: total, partitions: 8 })
events.process(count).on('counted').to(counts)
const broker = createSimulatedBroker({ system: realSystem })
const log = broker.connect(realSystem, 'bench')
await log.createTopics([{ name: 'events', partitions: 8, compacted: false, retentionMs: undefined }])
const N = Number(process.argv[2] ?? 400000), K = 10000
const pad = 'x'.repeat(200)
for (let p = 0; p < 8; p++) {
  const records = Array.from({ length: N / 8 }, (_, n) => ({ key: Buffer.from('key-' + (p + 8 * (n % (K / 8)))), value: Buffer.from(JSON.stringify({ n, pad })), headers: {}, timestamp: 0 }))
  await log.append([{ topic: 'events', partition: p, records }])
}
const started = process.hrtime.bigint()
const cpu = process.cpuUsage()
const running = await run(t.build(), { log, logger: console as never })
while ((running.pod.metrics.stages.get('count')?.recordsIn ?? 0) < N || !running.pod.isIdle) await new Promise(r => setTimeout(r, 5))
const s = Number(process.hrtime.bigint() - started) / 1e9
const c = process.cpuUsage(cpu)
console.log(`${Math.round(N / s)} records/s, ${((c.user + c.system) / N).toFixed(2)} us cpu/record, commits ${running.pod.metrics.commits}, rss ${Math.round(process.memoryUsage().rss / 1e6)} MB`)
await running.stop()
