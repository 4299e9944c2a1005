/** Traces: one for each question, whole, through retries, regenerations and pods that are killed. */
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Interceptor } from '#core/interceptor.ts'
import { traceContextOf, traceparentOf } from '#core/trace-context.ts'
import type { SpanRecord } from '#observability/traces/span.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { faultsOf } from './trace-faults.ts'
import { answered, graph, question, type Traced, traced } from './traced.ts'

const QUESTIONS = 1_000

/** Asks all questions, with two pods of which each is killed once on the way. */
async function asked(kit: TestKit, count: number): Promise<void> {
  await kit.send('datos_crudos', ...Array.from({ length: count }, (_, nth) => question(nth)))
  await kit.advance('1500ms')
  kit.pods[0]?.crash()
  await kit.advance('3s')
  await kit.restart()
  await kit.advance('2s')
  kit.pods[1]?.crash()
  await kit.restart()
  await answered(kit)
}

describe('the trace of a question', () => {
  it('is one and whole for each of a thousand questions, with retries, regenerations and two killed pods', async () => {
    const { spans, interceptor } = traced()
    await using kit = await testTopology(graph(), { pods: 2, interceptor })
    await asked(kit, QUESTIONS)
    const outcomes = [...kit.records('datos_procesados'), ...kit.records('llm.failed')]
    expect(outcomes).toHaveLength(QUESTIONS)
    expect(
      faultsOf(
        spans,
        outcomes.map(({ headers }) => headers.traceparent),
      ),
    ).toEqual([])
    const count = (wanted: (span: SpanRecord) => boolean) => spans.filter(wanted).length
    expect(count(({ name }) => name === 'persist')).toBeGreaterThanOrEqual(
      kit.records('datos_procesados').length,
    )
    expect(count(({ name }) => name === 'regenerate')).toBeGreaterThan(100)
    expect(
      count(
        ({ name, attributes }) => name.startsWith('wait for') && attributes['caudal.reason'] === 'rate_limit',
      ),
    ).toBeGreaterThan(50)
  }, 180_000)

  it('counts as broken without its spans of waits, and with two roots', async () => {
    const { spans, interceptor } = traced()
    await using kit = await testTopology(graph(), { pods: 2, interceptor })
    await asked(kit, 40)
    const traceparents = kit.records('datos_procesados').map(({ headers }) => headers.traceparent)
    expect(faultsOf(spans, traceparents)).toEqual([])
    const without = (name: string) => spans.filter(span => !span.name.startsWith(name))
    expect(faultsOf(without('wait for'), traceparents)).not.toEqual([])
    expect(faultsOf(without('receive'), traceparents)).not.toEqual([])
    const admitted = spans.find(({ name }) => name === 'admit')
    const apart = spans.map(span => (span === admitted ? { ...span, parentId: undefined } : span))
    expect(faultsOf(apart, traceparents)).not.toEqual([])
  }, 60_000)

  it('continues the trace of a question, and is not written where that trace is not sampled', async () => {
    const { spans, interceptor } = traced()
    await using kit = await testTopology(graph(), { interceptor })
    const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }
    const headers = { traceparent: traceparentOf({ ...context, isSampled: true }) }
    await kit.send('datos_crudos', { ...question(1), headers })
    const unsampled = {
      traceparent: traceparentOf({ ...context, traceId: 'c'.repeat(32), isSampled: false }),
    }
    await kit.send('datos_crudos', { ...question(2), headers: unsampled })
    await answered(kit)
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set(['a'.repeat(32)]))
    expect(spans.find(({ name }) => name === 'ingest')?.parentId).toBe('b'.repeat(16))
    const kept = kit.records('datos_procesados').map(({ headers }) => traceContextOf(headers.traceparent))
    expect(kept.map(each => [each?.traceId[0], each?.isSampled]).sort()).toEqual([
      ['a', true],
      ['c', false],
    ])
  }, 60_000)

  it.each(['00-zz', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`, 'x'.repeat(10_000), ''])(
    'begins where the header is %.50s',
    async traceparent => {
      const { spans, interceptor } = traced()
      await using kit = await testTopology(graph(), { interceptor })
      await kit.send('datos_crudos', { ...question(1), headers: { traceparent } })
      await answered(kit)
      expect(
        faultsOf(
          spans,
          kit.records('datos_procesados').map(({ headers }) => headers.traceparent),
        ),
      ).toEqual([])
    },
  )

  it('is written for a share of the questions, whole or not at all', async () => {
    const { spans, interceptor } = traced(0.3)
    await using kit = await testTopology(graph(), { interceptor })
    await kit.send('datos_crudos', ...Array.from({ length: 100 }, (_, nth) => question(nth)))
    await answered(kit)
    const written = kit
      .records('datos_procesados')
      .map(({ headers }) => headers.traceparent)
      .filter(text => traceContextOf(text)?.isSampled)
    expect(written.length).toBeGreaterThan(15)
    expect(written.length).toBeLessThan(45)
    expect(faultsOf(spans, written)).toEqual([])
  }, 60_000)

  it('is written whatever the share where a call failed or the question had to wait, and whole', async () => {
    const { spans, interceptor } = traced(0)
    await using kit = await testTopology(graph(), { interceptor })
    await kit.send('datos_crudos', ...Array.from({ length: 100 }, (_, nth) => question(nth)))
    await answered(kit)
    const retried = new Set(
      kit.records('llm.errors').map(({ headers }) => traceContextOf(headers.traceparent)?.traceId),
    )
    const outcomes = [...kit.records('datos_procesados'), ...kit.records('llm.failed')]
    const kept = outcomes
      .map(({ headers }) => headers.traceparent)
      .filter(text => retried.has(traceContextOf(text)?.traceId))
    expect(kept.length).toBeGreaterThan(5)
    expect(kept.length).toBeLessThan(60)
    expect(faultsOf(spans, kept)).toEqual([])
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(retried)
    expect(spans.filter(({ name }) => name.startsWith('wait for')).length).toBeGreaterThan(5)
  }, 60_000)
})

/** All headers that name a place in a trace, by the identity of their record. */
async function placesOf(
  interceptor: Traced['interceptor'],
  seed: number,
): Promise<ReadonlyMap<string, string>> {
  await using kit = await testTopology(graph(), { seed, interceptor, pods: 2 })
  await asked(kit, 30)
  const topics = ['llm.intake', 'llm.requests', 'llm.generated', 'llm.validated', 'datos_procesados']
  const records = topics.flatMap(topic => kit.records(topic))
  return new Map(records.map(({ headers }) => [headers['caudal-id'] ?? '', headers.traceparent ?? '']))
}

const differing = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>) =>
  [...one].filter(([id, place]) => other.get(id) !== place).length

describe('the place in a trace that a record carries', () => {
  it('depends on identities alone: other runs, pods and clocks write the same bytes', async () => {
    const one = await placesOf(traced().interceptor, 1)
    const other = await placesOf(traced().interceptor, 2)
    expect(one.size).toBeGreaterThan(150)
    expect(differing(one, other)).toBe(0)
  }, 60_000)

  it('differs if its span is drawn at random, and then the check above fails', async () => {
    const random = () => {
      const right = traced().interceptor
      return (pod: string, system: TestKit['system']): Interceptor => ({
        ...right(pod, system),
        emit: info => {
          const context = traceContextOf(info.headers.get('traceparent'))
          const digits = Math.floor(system.random() * 2 ** 48)
            .toString(16)
            .padStart(16, '1')
          const traceId = context?.traceId ?? hash('sha256', info.from).slice(0, 32)
          return { traceparent: traceparentOf({ traceId, spanId: digits, isSampled: true }) }
        },
      })
    }
    const one = await placesOf(random(), 1)
    const other = await placesOf(random(), 2)
    expect(differing(one, other)).toBeGreaterThan(100)
  }, 60_000)
})
