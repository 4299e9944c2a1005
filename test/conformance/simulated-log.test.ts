/** The simulated log keeps the contract of the Log port: as the in-memory log, and on virtual time with latency. */
import { realSystem } from '#core/system.ts'
import type { Log, TopicSpec } from '#engine/log/log.ts'
import {
  createSimulatedBroker,
  evenLatency,
  type SimulatedBroker,
} from '#engine/log/simulated/simulated-broker.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { describeLog } from './log.ts'

describeLog('the in-memory log', async () => {
  const broker = createSimulatedBroker({ system: realSystem })
  const log = broker.connect(realSystem, 'client')
  return {
    log,
    compact: async () => broker.clean(),
    remake: spec => remade(broker, log, spec),
    close: () => log.close(),
  }
})

describeLog(
  'the simulated log',
  async () => {
    const time = new VirtualTime(1)
    const { system } = time
    const broker = createSimulatedBroker({ system, latency: evenLatency(system, 0.2, 3) })
    const log = broker.connect(time.systemFor('client'), 'client')
    let isClosed = false
    const running = turnClock(time, () => isClosed)
    return {
      log,
      compact: async () => broker.clean(),
      remake: spec => remade(broker, log, spec),
      advance: async durationMs => {
        await new Promise<void>(resolve => void system.after(durationMs, resolve))
        broker.clean()
      },
      close: async () => {
        await log.close()
        isClosed = true
        await running
      },
    }
  },
  { members: 'many' },
)

async function remade(broker: SimulatedBroker, log: Log, spec: TopicSpec): Promise<Log> {
  broker.faults.deleteTopic(spec.name)
  await log.createTopics([spec])
  return log
}

/** Keeps virtual time going while the suite awaits what happens in it. */
async function turnClock(time: VirtualTime, isOver: () => boolean): Promise<void> {
  while (!isOver()) await time.runUntil(isOver, 1_000)
}
