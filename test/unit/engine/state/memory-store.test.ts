/** The stores in memory: the contract, and what only the one that outlives its pod does. */
import { expect, it } from 'vitest'
import { durableMemoryStores, memoryStores } from '#engine/state/memory-store.ts'
import { describeStore } from '../../../conformance/store.ts'

const nothingToGiveBack = async () => {}

describeStore('memory', () => ({ factory: memoryStores(), close: nothingToGiveBack }), { durable: false })
describeStore('durable memory', () => ({ factory: durableMemoryStores(), close: nothingToGiveBack }), {
  durable: true,
})

it('durable content outlives a pod that dies without closing', async () => {
  const factory = durableMemoryStores()
  const task = { application: 'app', stage: 'count', partition: 0, topicId: 'topic-1' }
  const dying = await factory.open(task)
  dying.apply([['va', Buffer.from('written')]], 8)
  const next = await factory.open(task)
  expect([Buffer.from(next.get('va') ?? []).toString(), next.position]).toEqual(['written', 8])
})

it('two factories share nothing', async () => {
  const task = { application: 'app', stage: 'count', partition: 0, topicId: 'topic-1' }
  const store = await durableMemoryStores().open(task)
  store.apply([['va', Buffer.from('written')]], 8)
  const elsewhere = await durableMemoryStores().open(task)
  expect(elsewhere.size).toBe(0)
})
