/** Answers that are streamed while they are written: who gets them, as what, and never by a second purchase. */
import { expect, it } from 'vitest'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { STREAM_HEADER, STREAMED, type TokenFacts, type TokenSink } from '#answers/tokens.ts'
import type { Model } from '#models/model.ts'
import { generate } from '#operators/generate.ts'
import { emitted, run } from './effects.ts'
import { modelError, REPLY, REQUEST, scripted } from './values.ts'

const ASKED = { [STREAM_HEADER]: STREAMED }

/** By call: its facts, and what its writer was given. */
function sink() {
  const opened: { facts: TokenFacts; told: string[] }[] = []
  const tokens: TokenSink = {
    open(facts) {
      const told: string[] = []
      opened.push({ facts, told })
      return {
        begin: () => void told.push('begin'),
        text: piece => void told.push(piece),
        whole: text => void told.push(`whole:${text}`),
        close: () => void told.push('close'),
      }
    },
  }
  return { opened, tokens }
}

const operatorOn = (model: Model, tokens: TokenSink) =>
  generate({
    model,
    tokens,
    taskTypes: TASK_TYPES,
    defaults: { threshold: 6, attemptsMax: 3 },
    limits: {},
  })

it('generate streams the pieces and the whole answer under the identity of the call, from one purchase', async () => {
  const { opened, tokens } = sink()
  const asked: string[] = []
  const model: Model = {
    async complete(_, { requestId, stream }) {
      asked.push(requestId)
      stream?.begin()
      stream?.text(' Air scatters')
      return REPLY
    },
  }
  const given = { id: 'r9', now: 7_000, headers: ASKED }
  const { output } = await emitted(operatorOn(model, tokens), { ...REQUEST, error_attempts: 1 }, given)
  expect(output).toBe('generated')
  expect(asked).toEqual(['r9:call'])
  expect(opened).toEqual([
    {
      facts: { id: 'q1', organization: 'org', requestId: 'r9:call', attempt: 2, beganAt: 7_000 },
      told: ['begin', ' Air scatters', `whole:${REPLY.text}`, 'close'],
    },
  ])
})

it('generate streams nothing for a question that did not ask for a stream', async () => {
  const { opened, tokens } = sink()
  const model = scripted({})
  await run(operatorOn(model, tokens), REQUEST)
  await run(operatorOn(model, tokens), REQUEST, { headers: { [STREAM_HEADER]: 'yes' } })
  expect(opened).toEqual([])
  expect(model.calls).toHaveLength(2)
})

it('generate neither streams nor buys an answer again that is in the journal', async () => {
  const { opened, tokens } = sink()
  const journal = new Map<string, unknown>()
  const model = scripted({})
  const first = await emitted(operatorOn(model, tokens), REQUEST, { journal, headers: ASKED })
  const second = await emitted(operatorOn(model, tokens), REQUEST, { journal, headers: ASKED })
  expect(second).toEqual(first)
  expect(model.calls).toHaveLength(1)
  expect(opened).toHaveLength(1)
})

it('generate closes the stream of a call that fails, and the call fails as any other', async () => {
  const { opened, tokens } = sink()
  const model = scripted(modelError('unavailable'))
  const { output, value } = await emitted(operatorOn(model, tokens), REQUEST, { headers: ASKED })
  expect(output).toBe('failed')
  expect(value).toMatchObject({ error_type: 'unavailable', counts: true })
  expect(opened[0]?.told).toEqual(['close'])
})

it('generate marks tokens that nobody counted, also in the price of the answer', async () => {
  const { tokens } = sink()
  const usage = { promptTokens: 10, completionTokens: 2, isEstimate: true }
  const { value } = await emitted(operatorOn(scripted({ usage }), tokens), REQUEST, { headers: ASKED })
  expect(value).toMatchObject({ spent: { tokens_prompt: 10, tokens_estimated: true } })
})
