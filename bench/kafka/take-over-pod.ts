/** A pod of the take-over in a process of its own: one call of 100 ms per record. Its outputs name the pod. */
import { setTimeout as pause } from 'node:timers/promises'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { topology } from '#topology/index.ts'
import { PARTITIONS } from './workloads.ts'

const CALL_MS = 100

const [application = '', name = '', broker = '', sessionText = ''] = process.argv.slice(2)
/** A record says which partition it was written to. */
const PartitionJson = codec.json<number>('partition')
const MadeJson = codec.json<{ readonly partition: number; readonly pod: string }>('made')
const call = operator({
  name: 'call',
  input: PartitionJson,
  outputs: { called: MadeJson },
  limits: { inFlightMax: 80 },
  async process({ value: partition }, ctx) {
    await pause(CALL_MS)
    ctx.emit('called', { partition, pod: name })
  },
})
const t = topology(application)
const source = t.source(`${application}.in`, { value: PartitionJson, partitions: PARTITIONS })
source.process('call', call).to(t.topic(`${application}.out`, { value: MadeJson, partitions: PARTITIONS }))
const log = await openKafkaLog({ brokers: [broker], clientId: name, system: realSystem })
const running = await run(t.build(), { log, name, limits: { sessionTimeout: Number(sessionText) } })
process.once('SIGTERM', async () => {
  await running.stop()
  await log.close()
})
