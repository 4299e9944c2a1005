/** Spans on their way to a collector: what it decodes, and what it costs when it is away, refuses, or hangs. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { subscribe } from '#core/diagnostics.ts'
import { realSystem } from '#core/system.ts'
import { otlpSink } from '#observability/traces/otlp.ts'
import { SendQueue } from '#observability/traces/send-queue.ts'
import type { SpanRecord } from '#observability/traces/span.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { receiveOtlp } from '../../../otlp-receiver.ts'

const SPAN: SpanRecord = {
  name: 'generate',
  kind: 'client',
  traceId: 'a1'.repeat(16),
  spanId: 'b2'.repeat(8),
  parentId: 'c3'.repeat(8),
  startMs: 1_764_000_000_000,
  endMs: 1_764_000_001_250,
  attributes: { text: 'x', whole: 7, share: 0.25, yes: true },
  error: 'it failed',
  links: [{ traceId: 'f6'.repeat(16), spanId: 'd4'.repeat(8) }],
}

function lostSpans(): { spans: number; reasons: Set<string> } {
  const lost = { spans: 0, reasons: new Set<string>() }
  onTestFinished(
    subscribe('caudal:traces:lost', ({ spans, reason }) => {
      lost.spans += spans
      lost.reasons.add(reason)
    }),
  )
  return lost
}

const sinkTo = (endpoint: string) =>
  otlpSink({
    system: realSystem,
    endpoint,
    headers: { 'x-key': 'k' },
    resource: { 'service.name': 'answers' },
  })

describe('a collector', () => {
  it('gets each span unchanged, with its identities', async () => {
    await using receiver = await receiveOtlp()
    const { sink, ...rest } = sinkTo(receiver.url)
    sink(SPAN)
    sink({ ...SPAN, parentId: undefined, spanId: 'e5'.repeat(8), error: undefined, links: [] })
    await rest[Symbol.asyncDispose]()
    const { error: _, links, ...same } = SPAN
    const resource = expect.objectContaining({ 'service.name': 'answers' })
    expect(receiver.spans).toEqual([
      { ...same, kind: 3, status: 2, links, resource },
      { ...same, kind: 3, status: 0, links: [], parentId: '', spanId: 'e5'.repeat(8), resource },
    ])
    expect(receiver.headers[0]?.['x-key']).toBe('k')
  })

  it('that is away only increases a count', async () => {
    const lost = lostSpans()
    const away = await receiveOtlp()
    await away[Symbol.asyncDispose]()
    const { sink, ...rest } = sinkTo(away.url)
    for (let count = 0; count < 100; count++) sink(SPAN)
    await rest[Symbol.asyncDispose]()
    expect(lost.spans).toBe(100)
  })

  it('that refuses only increases a count', async () => {
    const lost = lostSpans()
    await using receiver = await receiveOtlp(() => 400)
    const { sink, ...rest } = sinkTo(receiver.url)
    sink(SPAN)
    await rest[Symbol.asyncDispose]()
    expect(lost).toEqual({ spans: 1, reasons: new Set(['failed']) })
  })

  it('that hangs does not delay the end of the process', async () => {
    await using receiver = await receiveOtlp(() => 'hang')
    const { sink, ...rest } = sinkTo(receiver.url)
    const began = performance.now()
    sink(SPAN)
    await rest[Symbol.asyncDispose]()
    expect(performance.now() - began).toBeLessThan(4_000)
  }, 15_000)
})

describe('the queue of spans', () => {
  it('is bounded while the collector takes nothing, and drops what does not fit', async () => {
    const lost = lostSpans()
    const time = new VirtualTime(1)
    const sent: number[] = []
    const queue = new SendQueue<number>({
      system: time.system,
      send: batch => {
        sent.push(batch.length)
        return new Promise(() => {})
      },
    })
    for (let count = 0; count < 20_000; count++) queue.add(count)
    expect(lost).toEqual({ spans: 20_000 - 8_192 - 512, reasons: new Set(['full']) })
    await time.runFor(60_000)
    expect(lost.reasons).toContain('late')
    expect(sent.every(length => length === 512)).toBe(true)
  })

  it('sends one batch after another, and at once when it is full enough', async () => {
    const time = new VirtualTime(1)
    const sent: number[] = []
    let open = 0
    let openMost = 0
    const queue = new SendQueue<number>({
      system: time.system,
      send: async batch => {
        sent.push(batch.length)
        openMost = Math.max(openMost, ++open)
        await new Promise<void>(resolve => time.system.after(100, resolve))
        open--
      },
    })
    for (let count = 0; count < 1_100; count++) queue.add(count)
    expect(sent).toEqual([512])
    await time.runFor(2_000)
    expect(sent).toEqual([512, 512, 76])
    queue.add(1)
    expect(sent).toHaveLength(3)
    await time.runFor(1_000)
    expect(sent).toEqual([512, 512, 76, 1])
    expect(openMost).toBe(1)
  })
})
