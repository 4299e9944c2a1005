/** One contestant of the keyed count in a process of its own: `engine` or `by-hand`; prints what it measured as JSON. */

import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { countByHand } from './hand-written-count.ts'
import { type CountTopics, countTopology, type Steady } from './workloads.ts'

const [who, broker = '', totalText = '0', topicsText = '{}'] = process.argv.slice(2)
const total = Number(totalText)
const topics = JSON.parse(topicsText) as CountTopics // Given by count.ts.

async function countByEngine(): Promise<Steady> {
  const log = await openKafkaLog({ brokers: [broker], clientId: 'bench', system: realSystem })
  const running = await run(countTopology(`bench-${topics.output.replaceAll('.', '-')}`, topics), {
    log,
    sourcesFrom: 'start',
  })
  const committed = () =>
    podOf(running).tasks.reduce((sum, { committedLows }) => sum + (committedLows[0] ?? 0), 0)
  let first: { at: number; records: number } | undefined
  while (committed() < total) {
    if (committed() > 0) first ??= { at: performance.now(), records: committed() }
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  const steady = { records: total - (first?.records ?? 0), ms: performance.now() - (first?.at ?? 0) }
  await running.stop()
  await log.close()
  return steady
}

const steady = who === 'engine' ? await countByEngine() : await countByHand([broker], topics, total)
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ ...steady, cpuMs: (user + system) / 1_000, rss: process.memoryUsage().rss }))
