/** Replies that are heard while they come: the pieces, the whole, its usage, and every way to break off. */
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { TextStream } from '#models/model.ts'
import { answering, call, completion, failureOf, json, REQUEST, simulated } from './answering.ts'

/** Texts in the order in which they began; each is what came since. */
function hearing() {
  const texts: string[] = []
  const stream: TextStream = {
    begin: () => void texts.push(''),
    text: piece => void texts.push(`${texts.pop() ?? ''}${piece}`),
  }
  return { texts, stream }
}

const piece = (content: unknown, more: object = {}) => ({
  choices: [{ index: 0, delta: { content } }],
  ...more,
})
const END = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
const usage = (prompt_tokens: number, completion_tokens: number) => ({
  usage: { prompt_tokens, completion_tokens },
})

/** Writes the events, one a write, and what stands for the end. */
const events =
  (said: readonly object[], end = 'data: [DONE]\n\n', type = 'text/event-stream') =>
  (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': type })
    for (const event of said) response.write(`data: ${JSON.stringify(event)}\n\n`)
    response.end(end)
  }

describe('a streamed reply', () => {
  it('comes in pieces before its end, as one purchase under its request id', async () => {
    const { server, model } = await simulated({ latency: { kind: 'fixed', ms: 200 } })
    const { texts, stream } = hearing()
    const { promise: first, resolve } = Promise.withResolvers<void>()
    const asked = model.complete(REQUEST, {
      ...call('r7'),
      stream: {
        begin: stream.begin,
        text: said => {
          stream.text(said)
          resolve()
        },
      },
    })
    await first
    expect(server.stats()).toMatchObject({ successes: 0, inFlight: 1 })
    const reply = await asked
    expect(texts).toEqual([reply.text])
    expect(reply.usage.isEstimate).toBeUndefined()
    expect(server.successesById()).toEqual({ r7: 1 })
    expect(server.stats()).toMatchObject({ calls: 1, boughtTwice: 0 })
  })

  it('costs the last usage that the stream reports, wherever it stands, and no sum', async () => {
    const said = [piece('Fo', usage(5, 1)), piece('ur', usage(5, 2)), { choices: [], ...usage(5, 3) }, END]
    const { model, seen } = await answering(events(said))
    const reply = await model.complete(REQUEST, { ...call(), stream: hearing().stream })
    expect(reply).toMatchObject({ text: 'Four', usage: { promptTokens: 5, completionTokens: 3 } })
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it('without any usage is counted by its length, and marked as such', async () => {
    const { model } = await answering(events([piece('12345678'), END]))
    const { usage: counted } = await model.complete(REQUEST, { ...call(), stream: hearing().stream })
    expect(counted).toEqual({ promptTokens: 18, completionTokens: 2, isEstimate: true })
  })

  it('is requested again without the parameters that its model refuses', async () => {
    const refusal = (message: string) => json(400, { error: { message } })
    const { model, seen } = await answering((response, body) => {
      if (body.includes('stream_options')) return refusal('Unknown parameter: stream_options')(response)
      if (body.includes('"stream"')) return refusal('stream is not supported')(response)
      return completion({ message: { content: 'Four' }, finish_reason: 'stop' })(response)
    })
    const { texts, stream } = hearing()
    expect(await model.complete(REQUEST, { ...call(), stream })).toMatchObject({ text: 'Four' })
    await model.complete(REQUEST, { ...call('r2'), stream })
    expect(seen).toHaveLength(4)
    expect(texts).toEqual([])
  })

  it('comes without its reasoning, even where the tags are split between pieces', async () => {
    const said = ['<th', 'ink>two', ' and > two</thi', 'nk>', '\n', 'Four', ' <', '5.'].map(each =>
      piece(each),
    )
    const { model } = await answering(events([...said, END]))
    const { texts, stream } = hearing()
    const { text } = await model.complete(REQUEST, { ...call(), stream })
    expect(text).toBe('Four <5.')
    expect(texts.at(-1)).toBe('Four ')
    expect(texts.join()).not.toContain('two')
  })

  it('hides the key, even where it is split between pieces', async () => {
    const said = ['It is s', 'k-abc-0123', '456789', ', s', 'k-abc is', ' not'].map(each => piece(each))
    const { model } = await answering(events([...said, END]), { apiKey: 'sk-abc-0123456789' })
    const { texts, stream } = hearing()
    const { text } = await model.complete(REQUEST, { ...call(), stream })
    expect(text).toBe('It is [redacted], sk-abc is not')
    expect(texts).toEqual([text])
  })

  it('begins again where only the end of the reasoning is marked', async () => {
    const { model } = await answering(events([piece('two and two'), piece('</think>Four'), END]))
    const { texts, stream } = hearing()
    await model.complete(REQUEST, { ...call(), stream })
    expect(texts).toEqual(['two and two', 'Four'])
  })

  it('is whole, although the network cuts its characters in two', async () => {
    const bytes = Buffer.from(
      `data: ${JSON.stringify(piece('señal 😀'))}\r\n\r\ndata: ${JSON.stringify(END)}\n\n`,
    )
    const { model } = await answering(response => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const byte of bytes) response.write(Buffer.of(byte))
      response.end('data: [DONE]\n\n')
    })
    const { texts, stream } = hearing()
    expect(await model.complete(REQUEST, { ...call(), stream })).toMatchObject({ text: 'señal 😀' })
    expect(texts).toEqual(['señal 😀'])
  })
})

describe('a stream that breaks', () => {
  it('with its connection is an unavailable provider', async () => {
    const { server, model } = await simulated({ malformed: 1, latency: { kind: 'fixed', ms: 40 } })
    const failures = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        model.complete(REQUEST, { ...call(`r${n}`), stream: hearing().stream }).catch(error => error),
      ),
    )
    expect(failures.filter(each => each.errorType === 'unavailable').length).toBeGreaterThan(0)
    expect(server.stats()).toMatchObject({ successes: 0, inFlight: 0, malformed: 12 })
  })

  it('without an end is paid for, and is no answer', async () => {
    const { model } = await answering(events([piece('Fo')], ''))
    const reply = await model.complete(REQUEST, { ...call(), stream: hearing().stream })
    expect(reply.fault).toContain('the stream broke off')
  })

  it('with an error in it before any text is that error', async () => {
    const { model } = await answering(events([piece(''), { error: { message: 'no more', code: 429 } }]))
    const error = await failureOf(model.complete(REQUEST, { ...call(), stream: hearing().stream }))
    expect(error).toMatchObject({ errorType: 'rate_limit', status: 429 })
  })

  it('at the time limit is a time-out, although pieces came', async () => {
    const { model } = await answering(
      response => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`data: ${JSON.stringify(piece('Fo'))}\n\n`)
      },
      { timeout: 300 },
    )
    const { texts, stream } = hearing()
    const error = await failureOf(model.complete(REQUEST, { ...call(), stream }))
    expect(error.errorType).toBe('timeout')
    expect(texts).toEqual(['Fo'])
  })

  it('because its caller left ends with the reason of the caller', async () => {
    const { model, server } = await simulated({ latency: { kind: 'fixed', ms: 60_000 } })
    const leaving = new AbortController()
    const reason = new TypeError('the task left')
    const asked = model.complete(REQUEST, { ...call('r1', leaving.signal), stream: hearing().stream })
    leaving.abort(reason)
    await expect(asked).rejects.toBe(reason)
    expect(server.stats().successes).toBe(0)
  })
})
