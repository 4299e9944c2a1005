/** Whether a judged answer is delivered, tried again, or delivered although it is weak. */

import { ScoredAvro, TaskConfigCodec, ValidatedAvro } from '#answers/codecs.ts'
import { isWithin } from '#answers/spending.ts'
import type { TaskDefaults, TaskTypes } from '#answers/task-type.ts'
import { TOPICS } from '#answers/topics.ts'
import type { JudgedAttempt, Scored } from '#answers/types.ts'
import { publish } from '#core/diagnostics.ts'
import { operator } from '#core/operator.ts'
import { settingsReader } from './model-step.ts'

export interface DecideOptions {
  readonly taskTypes: TaskTypes
  readonly defaults: TaskDefaults
}

/**
 * At or above the threshold: delivered. Below it, with attempts left and the cost limit not reached: `low`. Otherwise the best
 * attempt so far is delivered, marked; of equal ones the earlier.
 *
 * ```ts
 * scored.process('decide', decide({ taskTypes, defaults })).on('validated').to(validated).on('low').process('regenerate', regenerate())
 * ```
 */
export function decide({ taskTypes, defaults }: DecideOptions) {
  const settingsFor = settingsReader(taskTypes, defaults)
  return operator({
    name: 'decide',
    input: ScoredAvro,
    outputs: { validated: ValidatedAvro, low: ScoredAvro },
    tables: { [TOPICS.config]: TaskConfigCodec },
    process({ value: scored }, ctx) {
      const settings = settingsFor(scored.task_type, ctx)
      if (!settings) return ctx.deadLetter(`task type ${scored.task_type} is not known here`)
      const judged: Scored = { ...scored, quality_attempts: scored.quality_attempts + 1 }
      if (judged.attempt.final >= settings.threshold) {
        ctx.emit('validated', { ...judged, below_threshold: false })
        return tell(judged, 'passed')
      }
      const weak = noted(judged, settings.threshold, ctx.now)
      const attemptsLeft = weak.quality_attempts < settings.attemptsMax
      const again = attemptsLeft && isWithin(weak.spent, settings.costLimitUsd)
      if (again) ctx.emit('low', weak)
      else ctx.emit('validated', { ...weak, attempt: weak.best, below_threshold: true })
      tell(weak, again ? 'again' : 'below')
    },
  })
}

function tell({ task_type, attempt }: Scored, outcome: 'passed' | 'again' | 'below'): void {
  const { final, prompt_version } = attempt
  const scores = { ...attempt.scores }
  publish('caudal:answer:judged', {
    taskType: task_type,
    promptVersion: prompt_version,
    scores,
    final,
    outcome,
  })
}

/** The low score in the history, and the best attempt so far. */
function noted(scored: Scored, threshold: number, at: number): Scored & { readonly best: JudgedAttempt } {
  const { attempt, best, history } = scored
  const entry = {
    kind: 'low_score' as const,
    step: 'judge' as const,
    at,
    request_id: attempt.request_id,
    final: attempt.final,
    reason: `scored ${attempt.final}, the threshold is ${threshold}: ${attempt.feedback}`,
  }
  const better = isJudged(best) && best.final >= attempt.final ? best : attempt
  return { ...scored, best: better, history: [...history, entry] }
}

export function isJudged(attempt: Scored['best']): attempt is JudgedAttempt {
  return attempt?.final !== undefined && attempt.scores !== undefined && attempt.feedback !== undefined
}
