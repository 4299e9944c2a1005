/** Reading a state partition up to a marker and on from there: nothing is left out, whenever the marker is named. */
import { expect, it } from 'vitest'
import { NO_HEADERS } from '#core/record.ts'
import { encodeMarker } from '#engine/commit/claims.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { StateTail } from '#engine/ownership/state-tail.ts'
import { markerEntry } from '#engine/state/layout.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const PLACE = { topic: 'state', partition: 0 }
const POD = 'pod-1'

async function reading() {
  const time = new VirtualTime(1)
  const log = createSimulatedBroker({ system: time.system }).connect(time.system, 'pod')
  await time.settle(
    log.createTopics([{ name: 'state', partitions: 1, compacted: true, retentionMs: undefined }]),
  )
  const applied: string[] = []
  const tail = new StateTail({
    place: PLACE,
    from: 0,
    log,
    system: time.system,
    incarnation: POD,
    enqueue: callback => callback(),
    apply: entries => void applied.push(...entries.map(([entry]) => entry)),
    onSeen: () => undefined,
    onFailed: error => expect.unreachable(String(error)),
  })
  const write = async (entry: string, value: Uint8Array) => {
    const records = [{ key: Buffer.from(entry), value, headers: NO_HEADERS, timestamp: 1 }]
    await time.settle(log.append([{ ...PLACE, records }]))
    await time.runFor(100)
  }
  const mark = (nonce: string, incarnation = POD) =>
    write(markerEntry(nonce), encodeMarker({ incarnation, producer: `app-${incarnation}`, nonce }))
  return { applied, mark, tail, time, write }
}

it('what follows upon the own marker is read when it is read on, also if the marker was read before it was named', async () => {
  const { applied, mark, tail, time, write } = await reading()
  tail.start()
  await mark('pod-1#1')
  tail.readTo('pod-1#1')
  expect(tail.reached).toBe(true)
  await write('va', Buffer.from('later'))
  await mark('pod-2#1', 'pod-2')
  tail.readOn()
  await time.runFor(1_000)
  expect(applied).toEqual([markerEntry('pod-1#1'), 'va', markerEntry('pod-2#1')])
  expect([...tail.foreignMarkers.values()].map(({ nonce }) => nonce)).toEqual(['pod-2#1'])
})

it('what follows upon the own marker is left alone once the marker was reached', async () => {
  const { applied, mark, tail, write } = await reading()
  tail.readTo('pod-1#1')
  await mark('pod-1#1')
  await write('va', Buffer.from('later'))
  expect(tail.reached).toBe(true)
  expect(applied).toEqual([markerEntry('pod-1#1')])
})
