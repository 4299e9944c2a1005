/** The whole graph with answers streamed while they are written, on the real runtime: what crashes cost, and what they do not. */
import { expect, it } from 'vitest'
import { STREAM_HEADER, STREAMED, type TokenFacts, type TokenSink } from '#answers/tokens.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Delivered } from '#answers/types.ts'
import type { Model, ModelReply } from '#models/model.ts'
import { answers } from '#pipelines/answers.ts'
import { reply, scripted, testTopology } from '#testing/index.ts'

const WHOLE: ModelReply = {
  text: 'It cuts the current.',
  usage: { promptTokens: 10, completionTokens: 5 },
  model: 'm',
  latencyMs: 1,
  finish: 'stop',
}
const VERDICT = {
  scores: { exactness: 9, completeness: 9, clarity: 9, concision: 9, usefulness: 9 },
  feedback: 'fine',
}

/** A model that tells half of an answer a second before the whole, and a judge that takes two seconds. */
async function open() {
  const opened: TokenFacts[] = []
  const told: string[] = []
  const tokens: TokenSink = {
    open(facts) {
      opened.push(facts)
      return {
        begin: () => void told.push(`${opened.length}: begins`),
        text: piece => void told.push(`${opened.length}: ${piece}`),
        whole: text => void told.push(`${opened.length}: whole ${text}`),
        close: () => {},
      }
    },
  }
  const answer = scripted<string, ModelReply>(() => reply(WHOLE, '1s'))
  const verdict = scripted<string, ModelReply>(() => reply({ ...WHOLE, text: JSON.stringify(VERDICT) }, '2s'))
  const model: Model = {
    complete(request, { signal, requestId, stream }) {
      stream?.begin()
      stream?.text('It cuts')
      return answer(request.subject ?? '', { signal, id: requestId })
    },
  }
  const judge: Model = {
    complete: (request, { signal, requestId }) => verdict(request.subject ?? '', { signal, id: requestId }),
  }
  const kit = await testTopology(answers({ model, judge, tokens, partitions: 1 }), { seed: 1 })
  await kit.send(TOPICS.raw, {
    bytes: JSON.stringify({ id: 'q', title: 'What is a fuse for?' }),
    headers: { [STREAM_HEADER]: STREAMED },
  })
  const delivered = () => kit.records(TOPICS.delivered).map(({ value }) => value as Delivered) // The codec of the topic is that.
  return { kit, answer, verdict, opened, told, delivered }
}

const statusesOf = ({ calls }: { readonly calls: readonly { readonly status: string }[] }) =>
  calls.map(({ status }) => status)

it('a streamed answer without a crash is one call, streamed in order and delivered whole', async () => {
  const { kit, answer, told, delivered } = await open()
  await using _ = kit
  await kit.settle()
  expect(statusesOf(answer)).toEqual(['answered'])
  expect(told).toEqual(['1: begins', '1: It cuts', '1: whole It cuts the current.'])
  expect(delivered()).toMatchObject([{ id: 'q', answer: WHOLE.text, calls: 2 }])
})

it('a crash in the middle of a stream loses only the call in flight, and the next call begins again under the same id', async () => {
  const { kit, answer, opened, told, delivered } = await open()
  await using _ = kit
  await kit.until(() => told.length === 2)
  await kit.advance(500)
  kit.crash()
  await kit.restart()
  await kit.settle()
  expect(statusesOf(answer)).toEqual(['lost', 'answered'])
  expect(answer.boughtTwice).toEqual([])
  const [first, second] = opened
  expect(second).toMatchObject({ requestId: first?.requestId, attempt: 1 })
  expect(second?.beganAt).toBeGreaterThan(first?.beganAt ?? 0)
  expect(told.slice(2)).toEqual(['2: begins', '2: It cuts', '2: whole It cuts the current.'])
  expect(delivered()).toMatchObject([{ answer: WHOLE.text, attempts: 1, calls: 2 }])
})

it('a crash after the stream buys nothing again, and streams nothing again', async () => {
  const { kit, answer, verdict, opened, delivered } = await open()
  await using _ = kit
  await kit.until(() => verdict.calls.length === 1)
  kit.crash()
  await kit.restart()
  await kit.settle()
  expect(statusesOf(answer)).toEqual(['answered'])
  expect(opened).toHaveLength(1)
  expect(delivered()).toHaveLength(1)
})

it('a crash at any moment of the stream repeats at most the purchase that was not yet in the journal', async () => {
  for (const afterMs of [0, 300, 900, 999, 1_000, 1_001, 1_050, 1_200]) {
    const { kit, answer, told, delivered } = await open()
    await using _ = kit
    await kit.until(() => told.length > 0)
    await kit.advance(afterMs)
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(delivered(), `after ${afterMs} ms`).toMatchObject([{ answer: WHOLE.text }])
    expect(new Set(answer.calls.map(({ id }) => id)).size).toBe(1)
    const bought = answer.calls.filter(({ status }) => status === 'answered').length
    // An answer is durable at the latest 100 ms behind its arrival: see docs/exactly-once.md.
    expect(bought, `after ${afterMs} ms`).toBeLessThanOrEqual(afterMs >= 1_000 && afterMs < 1_100 ? 2 : 1)
  }
})
