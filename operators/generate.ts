/** Buys an answer for a request, once. */

import { BrakeCodec } from '#answers/brakes.ts'
import {
  BoughtAvro,
  GeneratedAvro,
  LlmErrorAvro,
  LlmRequestAvro,
  RecordingAvro,
  TaskConfigCodec,
} from '#answers/codecs.ts'
import { generationRequest } from '#answers/prompting.ts'
import { spend } from '#answers/spending.ts'
import type { Structured, TaskDefaults, TaskSettings, TaskTypes } from '#answers/task-type.ts'
import { STREAM_HEADER, STREAMED, type TokenSink } from '#answers/tokens.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Attempt, Bought, LlmRequest } from '#answers/types.ts'
import { type OperatorLimits, operator } from '#core/operator.ts'
import { faultOf, type Model, ModelError } from '#models/model.ts'
import { readJson, validator } from '#models/structured.ts'
import { Braked, BrakeQueue, unlessBraked } from './brake.ts'
import { buy, failedCall, settingsReader, uselessReply } from './model-step.ts'
import { attemptNumber, CallRecorder, type RecorderOptions } from './recording.ts'

export interface ModelOperatorOptions extends RecorderOptions {
  readonly model: Model
  readonly taskTypes: TaskTypes
  readonly defaults: TaskDefaults
  readonly limits: OperatorLimits
}

export interface GenerateOptions extends ModelOperatorOptions {
  /** Where answers are streamed while they are written, for questions that ask for it; nowhere when left out. */
  readonly tokens?: TokenSink | undefined
}

type AnswerOrFault = Pick<Attempt, 'answer' | 'structured'> | { readonly fault: string }

/**
 * - `generated`: the answer, to be judged; `failed`: the call brought nothing, or nothing of use
 * - `braked`: a brake stops the call, and the question waits as it is
 *
 * The reply is journaled before it is looked at. A useless answer was paid for all the same: it counts as an attempt, and
 * a crash does not buy it again. An answer that is streamed while it is written is bought in the same one call.
 *
 * ```ts
 * requests.process('generate', generate({ model, taskTypes, defaults, limits }), { endsBecause })
 *   .on('generated').to(generated).on('failed').to(errors).on('braked').delay({ tiers }).to(requests)
 * ```
 */
export function generate(options: GenerateOptions) {
  const settingsFor = settingsReader(options.taskTypes, options.defaults)
  const readers = answerReaders(options.taskTypes)
  const queue = new BrakeQueue()
  return operator({
    name: 'generate',
    input: LlmRequestAvro,
    outputs: {
      generated: GeneratedAvro,
      failed: LlmErrorAvro,
      braked: LlmRequestAvro,
      recorded: RecordingAvro,
    },
    steps: { call: BoughtAvro },
    tables: { [TOPICS.config]: TaskConfigCodec, [TOPICS.brakes]: BrakeCodec },
    limits: options.limits,
    async process({ value: request }, ctx) {
      const settings = settingsFor(request.task_type, ctx)
      if (!settings) return ctx.deadLetter(`task type ${request.task_type} is not known here`)
      const asked = generationRequest(request, settings)
      const recorder = new CallRecorder(options, ctx, { request, step: 'generate', asked })
      let requestId = ctx.id
      let bought: Bought
      try {
        bought = await ctx.step('call', call => {
          requestId = call.id
          const { signal, id } = call
          const stream = writerFor(options.tokens, request, { ctx, requestId })
          return buy(options.model, asked, {
            signal,
            id,
            stream,
            mayBegin: unlessBraked(call, request, ctx.now),
          })
        })
      } catch (error) {
        if (error instanceof Braked) {
          ctx.emit('braked', request, queue.options(ctx, error))
          return recorder.braked(error, requestId)
        }
        if (!(error instanceof ModelError)) throw error
        const failure = failedCall(request, error, { step: 'generate', requestId })
        ctx.emit('failed', failure)
        recorder.failed(failure)
        return
      }
      const paid = { ...request, spent: spend(request.spent, bought, options.prices) }
      const read = readers.get(request.task_type)?.(bought) ?? { fault: 'no reader' }
      if ('fault' in read) {
        const failure = uselessReply(paid, read.fault, { step: 'generate', requestId: bought.requestId })
        ctx.emit('failed', failure)
        recorder.failed(failure, bought)
      } else {
        ctx.emit('generated', { ...paid, attempt: attemptOf(bought, read, settings) })
        recorder.brought('generated', bought, { prompt_version: settings.promptVersion })
      }
    },
  })
}

interface Place {
  readonly ctx: { readonly now: number; readonly headers: { get(name: string): string | undefined } }
  readonly requestId: string
}

/** For a question that asked for it. */
function writerFor(tokens: TokenSink | undefined, request: LlmRequest, { ctx, requestId }: Place) {
  if (ctx.headers.get(STREAM_HEADER) !== STREAMED) return undefined
  const { id, organization_id: organization } = request
  const attempt = attemptNumber(request)
  return tokens?.open({ id, organization, requestId, attempt, beganAt: ctx.now })
}

function attemptOf(
  bought: Bought,
  read: Pick<Attempt, 'answer' | 'structured'>,
  settings: TaskSettings,
): Attempt {
  return {
    ...read,
    model: bought.model,
    prompt_version: settings.promptVersion,
    request_id: bought.requestId,
    latency_ms: bought.latencyMs,
    tokens_prompt: bought.usage.promptTokens,
    tokens_completion: bought.usage.completionTokens,
  }
}

/** For each task type, how its replies become answers: as text, or as JSON of its schema put in words. */
function answerReaders(taskTypes: TaskTypes): ReadonlyMap<string, (reply: Bought) => AnswerOrFault> {
  return new Map(
    Object.entries(taskTypes).map(([name, { answer }]) => {
      const faults = answer && validator(answer.schema)
      const read = (reply: Bought): AnswerOrFault => {
        const fault = faultOf(reply)
        if (fault !== undefined) return { fault }
        if (!answer || !faults) return { answer: reply.text.trim() }
        const json = readJson(reply.text)
        const found = 'faults' in json ? json.faults : faults(json.value)
        if ('faults' in json || found.length > 0) return { fault: found.join('; ') }
        const structured = json.value as Structured // Its schema, an object's, has just been checked.
        return { answer: answer.inWords(structured), structured: JSON.stringify(structured) }
      }
      return [name, read]
    }),
  )
}
