/** Traces: one for each question, whole, through retries, regenerations and pods that are killed. */
import { hash } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CRITERIA } from '#answers/rubric.ts'
import { codec } from '#core/codec.ts'
import { publish } from '#core/diagnostics.ts'
import type { Interceptor } from '#core/interceptor.ts'
import { operator } from '#core/operator.ts'
import { realSystem } from '#core/system.ts'
import { traceContextOf, traceparentOf } from '#core/trace-context.ts'
import { type Model, ModelError, type ModelReply, type ModelRequest } from '#models/model.ts'
import type { SpanRecord } from '#observability/traces/span.ts'
import { Traces } from '#observability/traces/traces.ts'
import { answers } from '#pipelines/answers.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { failure, reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { faultsOf } from './trace-faults.ts'

const QUESTIONS = 1_000

/** Fails now and then, and answers badly now and then: by the identity of the call, so that each run is the same. */
function moodyModel(): Model {
  const ask = scripted<{ request: ModelRequest; id: string }, ModelReply>(
    ({ request, id }) => {
      const mood = hash('sha256', id, 'buffer').readUInt8(0)
      if (mood < 25) return failure(new ModelError('rate_limit', { model: 'm', reason: 'too many' }), '1s')
      const score = mood < 90 ? 4 : 9
      const verdict = { ...Object.fromEntries(CRITERIA.map(name => [name, score])), feedback: 'more' }
      const text = request.schema ? JSON.stringify(verdict) : 'An answer.'
      const usage = { promptTokens: 10, completionTokens: 5 }
      return reply<ModelReply>({ text, usage, model: 'm', latencyMs: 900, finish: 'stop' }, '1s')
    },
    { latency: '1s' },
  )
  return {
    complete: (request, { signal, requestId }) => ask({ request, id: requestId }, { signal, id: requestId }),
  }
}

function graph() {
  const store = new SqliteAnswers({ path: ':memory:', system: realSystem })
  onTestFinished(() => store.close())
  return answers({ model: moodyModel(), store, partitions: 2 })
}

interface Traced {
  readonly spans: SpanRecord[]
  readonly interceptor: (pod: string, system: TestKit['system']) => Interceptor
}

function traced(share?: number): Traced {
  const spans: SpanRecord[] = []
  const interceptor: Traced['interceptor'] = (_, system) => {
    const traces = new Traces({
      system,
      sink: span => spans.push(span),
      ...(share !== undefined && { share }),
    })
    traces.start()
    onTestFinished(() => traces[Symbol.dispose]())
    return traces.interceptor
  }
  return { spans, interceptor }
}

const question = (nth: number) => ({ value: { event: { id: `q-${nth}`, title: `Question ${nth}?` } } })

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

/** Retries wait up to a minute each. */
async function answered(kit: TestKit): Promise<void> {
  await kit.advance('10m')
  await kit.settle()
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

describe('a span', () => {
  it('of a call has the provider’s figures', async () => {
    const { spans, interceptor } = traced()
    const priced: Model = {
      complete: async (request, call) => {
        const done = await moodyModel()
          .complete(request, call)
          .catch(error => error)
        publish('caudal:model:call', {
          provider: 'https://u:p@models.example/v1',
          model: 'gpt-x',
          durationMs: 9,
          errorType: undefined,
        })
        publish('caudal:model:bought', {
          model: 'gpt-x-1',
          taskType: 'qa',
          organization: 'acme',
          promptTokens: 7,
          completionTokens: 3,
          costUsd: 0.25,
        })
        if (done instanceof Error) throw done
        return done
      },
    }
    await using kit = await testTopology(answers({ model: priced }), { interceptor })
    await kit.send('datos_crudos', question(5))
    await answered(kit)
    const call = spans.find(({ name }) => name === 'chat gpt-x')
    expect(call).toMatchObject({
      kind: 'client',
      attributes: {
        'gen_ai.request.model': 'gpt-x',
        'gen_ai.response.model': 'gpt-x-1',
        'gen_ai.usage.input_tokens': 7,
        'gen_ai.usage.output_tokens': 3,
        'caudal.cost_usd': 0.25,
        'server.address': 'models.example',
      },
    })
    expect((call?.endMs ?? 0) - (call?.startMs ?? 0)).toBe(1_000)
    const judged = spans.find(({ name }) => name === 'decide')
    expect(judged?.attributes).toMatchObject({ 'caudal.prompt_version': '1' })
  })

  it('of a step from the journal is marked as replayed, and links to the call', async () => {
    const { spans, interceptor } = traced()
    const text = codec.text
    const twice = operator({
      name: 'twice',
      input: text,
      outputs: { out: text },
      steps: { first: text, second: text },
      async process(record, ctx) {
        const first = await ctx.step('first', async () => `${record.value}!`)
        const second = await ctx.step('second', call => slow(first, call))
        ctx.emit('out', second)
      },
    })
    const slow = scripted<string, string>(value => reply(value, '10s'))
    const t = topology('app')
    const out = t.topic('out', { value: text, partitions: 1 })
    t.source('in', { value: text, partitions: 1 }).process('twice', twice).to(out)
    await using kit = await testTopology(t.build(), { interceptor })
    await kit.send('in', { key: 'a', value: 'go' })
    await kit.advance('5s')
    kit.crash()
    await kit.restart()
    await kit.advance('30s')
    await kit.settle()
    expect(kit.read(out)).toEqual(['go!'])
    const steps = spans.filter(({ attributes }) => attributes['caudal.step'] === 'first')
    expect(steps.map(({ attributes }) => attributes['caudal.replayed'])).toEqual([undefined, true])
    expect(steps[1]?.links).toEqual([steps[0]?.spanId])
    expect(
      faultsOf(
        spans,
        kit.records(out).map(({ headers }) => headers.traceparent),
      ),
    ).toEqual([])
  })

  it('of an HTTP request is the root of the question of that request', () => {
    const { spans, interceptor } = traced()
    interceptor('gateway', { now: () => 5_000 } as TestKit['system'])
    const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true, parentId: undefined }
    publish('caudal:http:answered', {
      method: 'POST',
      endpoint: '/query',
      status: 503,
      durationMs: 20,
      trace,
    })
    expect(spans).toMatchObject([
      {
        name: 'POST /query',
        kind: 'server',
        spanId: 'b'.repeat(16),
        startMs: 4_980,
        endMs: 5_000,
        error: 'status 503',
      },
    ])
  })
})
