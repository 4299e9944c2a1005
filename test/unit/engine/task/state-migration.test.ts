/** Which markers an owner deletes when its task begins to work. */
import { expect, it } from 'vitest'
import { markerEntry, valueEntry } from '#engine/state/layout.ts'
import { memoryStores } from '#engine/state/memory-store.ts'
import { TaskState } from '#engine/state/task-state.ts'
import { endOfMarkers } from '#engine/task/state-migration.ts'

it('an owner deletes the markers of those before it and keeps its own, by which the next owner finds it without a claim', async () => {
  const state = new TaskState(await memoryStores().open({ stage: 'count', partition: 0 }))
  const bytes = Buffer.from('x')
  const markers = ['a#1', 'b#1', 'b#2'].map(nonce => [markerEntry(nonce), bytes] as const)
  state.restore([...markers, [valueEntry('op', 'sum', 'k'), bytes]], 1)
  const deleted = new Map(['a#1', 'b#1'].map(nonce => [markerEntry(nonce), null]))
  expect(endOfMarkers(state, 'b#2')).toEqual(deleted)
})
