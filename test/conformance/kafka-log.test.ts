/** The contract of the Log port on a real Kafka broker. */
import { describe } from 'vitest'
import type { KafkaLogOptions } from '#engine/log/kafka/options.ts'
import type { TopicSpec } from '#engine/log/log.ts'
import { deleteTopic, openLocalLog } from '../integration/kafka.ts'
import { RUN, stackRuns } from '../integration/stack.ts'
import { describeLog } from './log.ts'

const SETTLE_MS = 50
const runs = await stackRuns('kafka')
let opened = 0

describe.skipIf(!runs)('the driver on the local broker', () => {
  const openWith = (options: Partial<KafkaLogOptions>) => async () => {
    let log = await openLocalLog(options)
    return {
      log,
      prefix: `${RUN}${opened++}-`,
      async reopen() {
        await log.close()
        log = await openLocalLog(options)
        return log
      },
      async remake(spec: TopicSpec) {
        await deleteTopic(spec.name)
        await log.createTopics([spec])
        return log
      },
      settle: () => new Promise<void>(resolve => setTimeout(resolve, SETTLE_MS)),
      close: () => log.close(),
    }
  }
  describeLog('kafka', openWith({}), { members: 'many' })
  describeLog('kafka, transactions as of older brokers', openWith({ transactionVersionMax: 1 }), {
    members: 'many',
  })
})
