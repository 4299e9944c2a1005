/** How long partitions were stuck after faults, computed from the times of their outputs. */
import { describe, expect, it } from 'vitest'
import { type Done, recoveries } from '../../integration/chaos/stuck.ts'

const UNTIL = 100_000
const died = (from: number, to: number): Done => ({
  ...{ kind: 'podDies', at: 0, forMs: 0, slot: 0 },
  ...{ from, to },
})
const outputs = (partition: number, ...times: readonly number[]) => times.map(at => ({ partition, at }))

describe('the recovery after a fault', () => {
  it('the recovery after a fault is that of the partition whose outputs came last', () => {
    const seen = [...outputs(0, 900, 1_050), ...outputs(1, 900, 1_700)]
    expect(recoveries([died(500, 1_000)], seen, 2, UNTIL)).toMatchObject([{ afterMs: 700, partition: 1 }])
  })

  it('the recovery after a fault is counted to the end of the load where a partition never flows again', () => {
    const seen = outputs(0, 900, 1_050)
    const [found] = recoveries([died(500, 1_000)], seen, 2, UNTIL)
    expect(found).toMatchObject({ afterMs: UNTIL - 1_000, partition: 1 })
  })

  it('the recovery after a fault is counted from the end of a later fault that began before the outputs flowed', () => {
    const seen = outputs(0, 900, 9_500)
    const found = recoveries([died(500, 1_000), died(5_000, 9_000)], seen, 1, UNTIL)
    expect(found.map(({ afterMs }) => afterMs)).toEqual([0, 500])
  })

  it('the recovery after a fault is not forgiven by a fault that was over before', () => {
    const seen = outputs(0, 400, 9_500)
    const found = recoveries([died(500, 600), died(500, 1_000)], seen, 1, UNTIL)
    expect(found.map(({ afterMs }) => afterMs)).toEqual([0, 8_500])
  })
})
