/** The contract suite of the Log port: what every driver must do, read through the port alone. */
import { afterEach, beforeEach, describe } from 'vitest'
import { describeDeleting, describeEnds } from './log/deleting.ts'
import type { Bench, LogFixture } from './log/fixture.ts'
import { benchOf } from './log/fixture.ts'
import { describeGroups } from './log/groups.ts'
import { describeBytes, describeReading, describeWaiting } from './log/reading.ts'
import { describeTopics } from './log/topics.ts'
import { describeFencing, describeTransactions } from './log/transactions.ts'

export type { LogFixture } from './log/fixture.ts'

export interface LogSuiteOptions {
  /** Whether one log may hold several members of a group. */
  readonly members?: 'one' | 'many'
}

/** Runs the contract suite on a driver; `open` makes an empty log, or one where `prefix` keeps names apart. */
export function describeLog(
  name: string,
  open: () => Promise<LogFixture>,
  options: LogSuiteOptions = {},
): void {
  describe(`${name} is a Log`, () => {
    let names = 0
    let current: Bench | undefined
    beforeEach(async () => {
      current = benchOf(await open(), word => `${word}-${++names}`)
    })
    afterEach(async () => {
      await current?.fixture.close()
      current = undefined
    })
    const bench = () => {
      if (current === undefined) throw new TypeError('no log is open outside a test')
      return current
    }
    describe('topics', () => describeTopics(bench))
    describe('reading', () => describeReading(bench))
    describe('waiting', () => describeWaiting(bench))
    describe('bytes', () => describeBytes(bench))
    describe('transactions', () => describeTransactions(bench))
    describe('fencing', () => describeFencing(bench))
    describe('deleting', () => describeDeleting(bench))
    describe('ends', () => describeEnds(bench))
    describe('groups', () => describeGroups(bench, options.members ?? 'one'))
  })
}
