/** Has an answer judged on the rubric, by a model or by computation. */

import { BrakeCodec } from '#answers/brakes.ts'
import {
  BoughtAvro,
  GeneratedAvro,
  LlmErrorAvro,
  RecordingAvro,
  ScoredAvro,
  TaskConfigCodec,
} from '#answers/codecs.ts'
import { judge } from '#answers/computed-judge.ts'
import { judgedIn, judgeRequest } from '#answers/prompting.ts'
import { finalScore, readVerdict, type Verdict, type Weights } from '#answers/rubric.ts'
import { spend } from '#answers/spending.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Bought, Generated, LlmRequest, Scored } from '#answers/types.ts'
import { operator } from '#core/operator.ts'
import { faultOf, type Model, ModelError } from '#models/model.ts'
import { Braked, BrakeQueue, unlessBraked } from './brake.ts'
import type { ModelOperatorOptions } from './generate.ts'
import { buy, failedCall, requestOf, settingsReader, uselessReply } from './model-step.ts'
import { CallRecorder } from './recording.ts'

export interface ScoreOptions extends Omit<ModelOperatorOptions, 'model'> {
  /** `computed` judges every task type without a model, whatever it declares. */
  readonly judge: Model | 'computed'
  /** The judge's model; the provider's default when left out. */
  readonly judgeModel?: string | undefined
  /** Tokens of a verdict; a judge that reasons first needs more. */
  readonly judgeTokensMax?: number | undefined
}

/**
 * A verdict that is not JSON of the schema is an error of the judge. The answer waits, and only the judge is asked again.
 * Where a brake stops the judge's call, the answer waits as it is.
 *
 * ```ts
 * generated.process('score', score({ judge: model, taskTypes, defaults, limits })).on('failed').to(errors).on('braked').delay({ tiers }).to(generated).on('scored').process('decide', decide(...))
 * ```
 */
export function score(options: ScoreOptions) {
  const settingsFor = settingsReader(options.taskTypes, options.defaults)
  const queue = new BrakeQueue()
  return operator({
    name: 'score',
    input: GeneratedAvro,
    outputs: { scored: ScoredAvro, failed: LlmErrorAvro, braked: GeneratedAvro, recorded: RecordingAvro },
    steps: { judge: BoughtAvro },
    tables: { [TOPICS.config]: TaskConfigCodec, [TOPICS.brakes]: BrakeCodec },
    limits: options.limits,
    async process({ value: generated }, ctx) {
      const settings = settingsFor(generated.task_type, ctx)
      if (!settings) return ctx.deadLetter(`task type ${generated.task_type} is not known here`)
      const request = requestOf(generated)
      const { attempt } = generated
      const { judge: model } = options
      if (model === 'computed' || settings.judge === 'computed') {
        const scored = scoredBy(computed(generated), request, generated, settings.weights)
        ctx.emit('scored', scored)
        new CallRecorder(options, ctx, { request, step: 'judge' }).brought(
          'scored',
          undefined,
          verdictIn(scored, settings.threshold),
        )
        return
      }
      const asked = judgeRequest(generated, { model: options.judgeModel, tokensMax: options.judgeTokensMax })
      const recorder = new CallRecorder(options, ctx, { request, step: 'judge', asked })
      let requestId = ctx.id
      let bought: Bought
      try {
        bought = await ctx.step('judge', call => {
          requestId = call.id
          const { signal, id } = call
          return buy(model, asked, { signal, id, mayBegin: unlessBraked(call, request, ctx.now) })
        })
      } catch (error) {
        if (error instanceof Braked) {
          ctx.emit('braked', generated, queue.options(ctx, error))
          return recorder.braked(error, requestId)
        }
        if (!(error instanceof ModelError)) throw error
        const failure = failedCall(request, error, { step: 'judge', requestId, attempt })
        ctx.emit('failed', failure)
        recorder.failed(failure)
        return
      }
      const paid = { ...request, spent: spend(request.spent, bought, options.prices) }
      const verdict = verdictOf(bought, generated)
      if ('faults' in verdict) {
        const facts = { step: 'judge' as const, requestId: bought.requestId, attempt }
        const failure = uselessReply(paid, verdict.faults.join('; '), facts)
        ctx.emit('failed', failure)
        recorder.failed(failure, bought)
      } else {
        const scored = scoredBy(verdict, paid, generated, settings.weights)
        ctx.emit('scored', scored)
        recorder.brought('scored', bought, verdictIn(scored, settings.threshold))
      }
    },
  })
}

const verdictIn = ({ attempt: { scores, final, feedback } }: Scored, threshold: number) => ({
  ...{ scores, final, threshold, feedback },
})

function verdictOf(bought: Bought, generated: Generated): Verdict | { readonly faults: readonly string[] } {
  const fault = faultOf(bought)
  return fault === undefined ? readVerdict(bought.text, judgedIn(generated)) : { faults: [fault] }
}

function computed({ title, content, best_answer, attempt }: Generated): Verdict {
  return judge({ question: title, context: content, answer: attempt.answer, reference: best_answer })
}

function scoredBy(
  { scores, feedback }: Verdict,
  request: LlmRequest,
  { attempt }: Generated,
  weights: Weights,
): Scored {
  return { ...request, attempt: { ...attempt, scores, final: finalScore(scores, weights), feedback } }
}
