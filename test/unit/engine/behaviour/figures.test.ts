/** The figures of a pod: what it tells when it starts, and what they count. */
import { expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { type DiagnosticEvents, subscribe } from '#core/diagnostics.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const swell = operator({
  name: 'swell',
  input: numbers,
  outputs: { out: codec.text },
  state: { page: state.value(codec.text) },
  tables: { rates: numbers },
  process(record, ctx) {
    ctx.state.page.set('x'.repeat(1_000))
    ctx.emit('out', `${ctx.table('rates').get('a')}`.repeat(record.value))
  },
})

it('a pod that starts hands out its limits, and its figures as they are whenever they are read', async () => {
  const started: DiagnosticEvents['caudal:pod:started'][] = []
  const leave = subscribe('caudal:pod:started', message => started.push(message))
  await using kit = await testTopology(graphOf(swell), { limits: { spanMax: 77 } })
  leave()
  expect(started).toMatchObject([
    { name: 'pod-1', application: 'app', limits: { spanMax: 77, inFlightMax: 10_000 } },
  ])
  expect(started[0]?.metrics().stages.get('swell')?.tasks).toBe(1)
  await kit.send('in', ...recordsOf(1, 5))
  await kit.settle()
  expect(started[0]?.metrics()).toBe(kit.pods[0]?.running.metrics)
  expect(started[0]?.metrics().stages.get('swell')?.recordsIn).toBe(5)
})

it('the bytes of commits are those of keys and values, state as well as outputs', async () => {
  await using kit = await testTopology(graphOf(swell))
  await kit.send('rates', { key: 'a', value: 7 })
  await kit.advance('1s')
  const read = () => kit.pods[0]?.running.metrics.commitBytes ?? 0
  const before = read()
  await kit.send('in', { key: 'a', value: 2_000 })
  await kit.settle()
  const small = 400
  expect(read() - before).toBeGreaterThan(3_000)
  expect(read() - before).toBeLessThan(3_000 + small)
})

it('records of a table that cannot be read are counted', async () => {
  await using kit = await testTopology(graphOf(swell))
  await kit.send('rates', { key: 'a', value: 7 }, { key: 'a', bytes: '{"cut' }, { key: null, bytes: '8' })
  await kit.advance('1s')
  expect(kit.pods[0]?.running.metrics.tableRecordsSkipped).toBe(2)
  await kit.send('in', { key: 'a', value: 3 })
  await kit.settle()
  expect(kit.read('out')).toEqual(['777'])
})
