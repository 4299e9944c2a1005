/**
 * A commit is answered, and then its coordinator dies and leaves out a marker. A late write of the next transaction must not
 * follow upon what is open there. The abort of the next transaction would take the committed record away.
 */
import { expect, it } from 'vitest'
import { NO_HEADERS } from '#core/record.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { seededRandom } from '#testing/seeded-random.ts'
import type { RequestFault } from '#testing/simulation/driver/request-faults.ts'
import { ScriptedCluster } from '#testing/simulation/driver/scripted-cluster.ts'
import { scriptedConnections } from '#testing/simulation/driver/scripted-connection.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const PLACE = { topic: 'orders', partition: 0 }
/** The marker is left out, and the coordinator dies after its answer has arrived. */
const TORN = [0.5, 0.99]
/** By then the next coordinator takes the transaction for complete. */
const LATE_MS = 300

it.each([1, 2] as const)(
  'a write that is late does not follow upon a committed transaction without a marker, version %d',
  async transactionVersion => {
    const time = new VirtualTime(1)
    const drawn: number[] = []
    const otherwise = seededRandom(1)
    const random = () => drawn.shift() ?? otherwise()
    const cluster = new ScriptedCluster({
      system: time.system,
      random,
      topics: { orders: 1 },
      transactionVersion,
    })
    if (cluster.inCharge('producer app') === cluster.leaderOf(PLACE)) cluster.move('producer app', 0)
    let isLate = false
    const faults = {
      draw: (request: string): RequestFault =>
        isLate && request === 'Produce' ? { kind: 'late', delayMs: LATE_MS } : { kind: 'none' },
    }
    const open = async (clientId: string) => {
      const system = time.systemFor(clientId)
      const options = { brokers: ['broker-1:9092'], clientId, system, warn: () => undefined }
      const log = await time.settle(openKafkaLog(options, scriptedConnections(cluster, faults)))
      const producer = await time.settle(log.startProducer('app', [PLACE]))
      return { system, log, producer }
    }
    const one = (value: string) => [
      {
        ...PLACE,
        records: [{ key: null, value: Buffer.from(value), headers: NO_HEADERS, timestamp: 0 }],
      },
    ]

    const { system, producer } = await open('dies')
    cluster.tearNext()
    drawn.push(...TORN)
    await time.settle(producer.transact(one('committed')))
    expect(cluster.find(PLACE)?.committed).toEqual([])
    isLate = true
    void producer.transact(one('late')).catch(() => undefined)
    await time.runFor(10)
    system.kill()
    await time.runFor(LATE_MS)
    isLate = false

    const { producer: next, log } = await open('takes over')
    await time.settle(next.transact(one('next')))
    await time.runFor(100)
    expect(cluster.find(PLACE)?.committed).toEqual(['committed', 'next'])
    await time.settle(log.close())
  },
)
