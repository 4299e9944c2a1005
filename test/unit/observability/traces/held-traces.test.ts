/** Traces that are not sampled: which of them are written after all, and how many spans wait for that. */
import { expect, it } from 'vitest'
import { HeldTraces } from '#observability/traces/held-traces.ts'
import type { SpanRecord } from '#observability/traces/span.ts'
import { manualTime } from '../../models/manual-time.ts'

function rig() {
  const time = manualTime()
  const written: SpanRecord[] = []
  const held = new HeldTraces({ system: time, sink: span => written.push(span) })
  const span = (traceId: string, more: Partial<SpanRecord> = {}) => {
    const endMs = time.now()
    const ids = { traceId, spanId: 's', parentId: undefined }
    held.take({ name: 'run', kind: 'internal', ...ids, startMs: endMs, endMs, attributes: {}, ...more })
  }
  return { time, written, held, span, traces: () => [...new Set(written.map(({ traceId }) => traceId))] }
}

it('a trace is written with its earlier spans at its first error, and with all later ones', () => {
  const { written, span, traces } = rig()
  span('good')
  span('bad')
  span('bad', { error: 'refused' })
  span('bad')
  span('good')
  expect(traces()).toEqual(['bad'])
  expect(written).toHaveLength(3)
})

it('the question that took longer than 99 in 100 is written, and no other', () => {
  const { time, held, span, traces } = rig()
  for (let nth = 0; nth < 300; nth++) {
    const isSlow = nth === 250
    span(`q-${nth}`, { startMs: time.now() - (isSlow ? 60_000 : 1_000 - (nth % 10)) })
    held.ended(`q-${nth}`, time.now())
  }
  expect(traces()).toEqual(['q-250'])
})

it('the oldest traces are dropped beyond 10,000 spans, and after five minutes', async () => {
  const { time, written, span, traces } = rig()
  span('first')
  for (let nth = 0; nth < 10_000; nth++) span(`q-${nth}`)
  span('first', { error: 'late' })
  expect(written).toHaveLength(1)
  span('old')
  await time.advance(300_000)
  span('new')
  span('old', { error: 'late' })
  expect(traces()).toEqual(['first', 'old'])
  expect(written).toHaveLength(2)
})
