/** The contract of the Log port on a real Kafka broker. */

import { describe, it } from 'vitest'
import { openLocalLog } from '../integration/kafka.ts'
import { RUN, stackRuns } from '../integration/stack.ts'
import { describeLog } from './log.ts'

if (await stackRuns('kafka')) {
  let opened = 0
  describeLog(
    'kafka',
    async () => {
      let log = await openLocalLog()
      return {
        log,
        prefix: `${RUN}${opened++}-`,
        async reopen() {
          await log.close()
          log = await openLocalLog()
          return log
        },
        settle: () => new Promise(resolve => setTimeout(resolve, 50)),
        close: () => log.close(),
      }
    },
    { members: 'many' },
  )
} else describe.skip('kafka is a Log', () => it('needs the local Kafka', () => {}))
