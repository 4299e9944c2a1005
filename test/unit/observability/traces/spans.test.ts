/** What single spans say: of a call, of a replayed step, of a batch, of a webhook, of a request over HTTP. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { publish } from '#core/diagnostics.ts'
import { batchOperator, operator } from '#core/operator.ts'
import { traceContextOf } from '#core/trace-context.ts'
import type { Model } from '#models/model.ts'
import { answers } from '#pipelines/answers.ts'
import { reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { CALLBACK_HEADER, type WebhookCaller, WebhookFailure } from '#webhooks/webhook.ts'
import { faultsOf } from './trace-faults.ts'
import { answered, moodyModel, question, traced } from './traced.ts'

const byTrace = (one: { readonly traceId: string }, other: { readonly traceId: string }) =>
  one.traceId.localeCompare(other.traceId)

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
    expect(steps[1]?.links).toEqual([{ traceId: steps[0]?.traceId, spanId: steps[0]?.spanId }])
    expect(
      faultsOf(
        spans,
        kit.records(out).map(({ headers }) => headers.traceparent),
      ),
    ).toEqual([])
  })

  it('of a batch links to each record that the batch holds', async () => {
    const { spans, interceptor } = traced()
    const text = codec.text
    const store = batchOperator({
      name: 'store',
      input: text,
      outputs: { out: text },
      batch: { recordsMax: 3, wait: '1s' },
      processBatch(items) {
        for (const item of items) item.emit('out', item.record.value)
      },
    })
    const t = topology('app')
    const out = t.topic('out', { value: text, partitions: 1 })
    t.source('in', { value: text, partitions: 1 }).process('keep', store).to(out)
    await using kit = await testTopology(t.build(), { interceptor })
    await kit.send('in', ...['a', 'b', 'c', 'd'].map(key => ({ key, value: key })))
    await kit.advance('5s')
    await kit.settle()
    const batches = spans.filter(({ name }) => name === 'keep batch')
    expect(batches.map(({ attributes }) => attributes['caudal.batch.records'])).toEqual([3, 1])
    const runs = spans.filter(({ name }) => name === 'keep')
    const places = runs.map(({ traceId, parentId }) => ({ traceId, spanId: parentId }))
    expect(new Set(places.map(({ traceId }) => traceId)).size).toBe(4)
    const linked = batches.flatMap(({ links }) => links ?? [])
    expect(linked.map(({ traceId, spanId }) => ({ traceId, spanId })).sort(byTrace)).toEqual(
      places.sort(byTrace),
    )
    // Also what a batch emits stays in the trace of its record.
    const traceparents = kit.records(out).map(({ headers }) => headers.traceparent)
    expect(faultsOf(spans, traceparents)).toEqual([])
    for (const traceparent of traceparents) {
      const place = traceContextOf(traceparent)
      expect(spans.find(({ spanId }) => spanId === place?.spanId)?.traceId).toBe(place?.traceId)
    }
  })

  it('of a batch that fails has the reason', async () => {
    const { spans, interceptor } = traced()
    const store = batchOperator({
      name: 'store',
      input: codec.text,
      batch: { recordsMax: 3, wait: '1s' },
      processBatch() {
        throw new RangeError('the disk is odd')
      },
    })
    const t = topology('app')
    t.source('in', { value: codec.text, partitions: 1 }).process('keep', store)
    await using kit = await testTopology(t.build(), { interceptor })
    await kit.send('in', { key: 'a', value: 'a' })
    await kit.advance('1m')
    await kit.settle()
    expect(spans.find(({ name }) => name === 'keep batch')?.error).toContain('the disk is odd')
  })

  it('of an output of a batch is only of an item that has not failed', async () => {
    const { spans, interceptor } = traced()
    const text = codec.text
    const store = batchOperator({
      name: 'store',
      input: text,
      outputs: { out: text },
      batch: { recordsMax: 3, wait: '1s' },
      processBatch(items) {
        for (const item of items) {
          item.emit('out', item.record.value)
          if (item.record.value === 'b') item.fail(new RangeError('b is odd'))
        }
      },
    })
    const t = topology('app')
    const out = t.topic('out', { value: text, partitions: 1 })
    t.source('in', { value: text, partitions: 1 }).process('keep', store).to(out)
    await using kit = await testTopology(t.build(), { interceptor })
    await kit.send('in', ...['a', 'b', 'c'].map(key => ({ key, value: key })))
    await kit.advance('1m')
    await kit.settle()
    expect(kit.read(out)).toEqual(['a', 'c'])
    const written = kit.records(out).map(({ headers }) => traceContextOf(headers.traceparent)?.spanId)
    const told = spans.filter(({ name }) => name === 'send out').map(({ spanId }) => spanId)
    expect(told.sort()).toEqual(written.sort())
    const failed = spans.filter(({ name, error }) => name === 'keep' && error?.includes('b is odd'))
    expect(failed.length).toBeGreaterThan(0)
  })

  it('of the call of an endpoint names its machine and the outcome, and the wait after a failure its reason', async () => {
    const { spans, interceptor } = traced()
    const url = 'https://acme.example/hook'
    const taken = [new WebhookFailure(url, 'status 500', { isCalled: true }), undefined]
    const caller: WebhookCaller = {
      async call() {
        const failed = taken.shift()
        if (failed) throw failed
        return { status: 204, at: 5, latencyMs: 1 }
      },
    }
    const webhooks = { subscriptions: { endpointsOf: async () => [] }, caller }
    const graph = answers({ model: moodyModel(), judge: 'computed', threshold: 0, webhooks })
    await using kit = await testTopology(graph, { interceptor })
    await kit.send('datos_crudos', { ...question(7), headers: { [CALLBACK_HEADER]: url } })
    await answered(kit)
    const calls = spans.filter(({ name }) => name === 'call-webhook')
    expect(calls.map(({ attributes }) => attributes)).toMatchObject([
      { 'server.address': 'acme.example', 'caudal.outcome': 'again' },
      { 'server.address': 'acme.example', 'caudal.outcome': 'delivered' },
    ])
    const wait = spans.find(({ name }) => name === 'wait for llm.webhooks')
    expect(wait?.attributes['caudal.reason']).toBe('webhook again')
    expect(new Set(calls.map(({ traceId }) => traceId))).toEqual(new Set([wait?.traceId]))
  })

  it.each([
    ['OK', undefined],
    ['INVALID_ARGUMENT', undefined],
    ['UNAVAILABLE', 'status UNAVAILABLE'],
  ])('of a call of gRPC that ends with %s lies under the span of its caller', (code, error) => {
    const { spans, interceptor } = traced()
    interceptor('gateway', { now: () => 5_000 } as TestKit['system'])
    const parentId = 'c'.repeat(16)
    const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true, parentId }
    const method = 'caudal.v1.LLMService/Generate'
    publish('caudal:grpc:answered', { method, code, durationMs: 20, trace })
    expect(spans).toMatchObject([
      {
        ...{ name: method, kind: 'server', spanId: 'b'.repeat(16), parentId, startMs: 4_980, endMs: 5_000 },
        attributes: { 'rpc.method': method, 'rpc.response.status_code': code },
      },
    ])
    expect(spans[0]?.error).toBe(error)
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
