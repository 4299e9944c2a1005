/** The answer as others read it, and the action that it calls for. */

import { ActionEventAvro, DeliveredAvro, ValidatedAvro } from '#answers/codecs.ts'
import type { Structured, TaskAction, TaskTypes } from '#answers/task-type.ts'
import type { Delivered, Validated } from '#answers/types.ts'
import { publish } from '#core/diagnostics.ts'
import { operator } from '#core/operator.ts'
import { traceIdOf } from './trace-id.ts'

export interface DeliverOptions {
  readonly taskTypes: TaskTypes
}

/**
 * ```ts
 * validated.process('deliver', deliver({ taskTypes })).on('delivered').to(processed).on('action').to(actions)
 * ```
 */
export function deliver({ taskTypes }: DeliverOptions) {
  return operator({
    name: 'deliver',
    input: ValidatedAvro,
    outputs: { delivered: DeliveredAvro, action: ActionEventAvro },
    process({ value: validated, timestamp }, ctx) {
      const delivered = {
        ...deliveredOf(validated, ctx.now),
        trace_id: traceIdOf(ctx.headers.get('traceparent')),
      }
      ctx.emit('delivered', delivered)
      tell(delivered, ctx.now - timestamp)
      const action = actionOn(validated, taskTypes)
      if (!action) return
      const { id, task_type, user_id, organization_id } = validated
      ctx.emit('action', { id, task_type, ...action, user_id, organization_id, at: ctx.now })
    },
  })
}

function actionOn({ task_type, attempt }: Validated, taskTypes: TaskTypes): TaskAction | undefined {
  const declared = Object.hasOwn(taskTypes, task_type) ? taskTypes[task_type]?.answer?.action : undefined
  if (!declared || attempt.structured === undefined) return undefined
  return declared(JSON.parse(attempt.structured) as Structured) // Its schema was checked when it was generated.
}

function tell({ task_type, below_threshold, attempts, cost_usd }: Delivered, tookMs: number): void {
  const figures = { belowThreshold: below_threshold, attempts, costUsd: cost_usd, tookMs }
  publish('caudal:answer:delivered', { taskType: task_type, ...figures })
}

function deliveredOf(validated: Validated, now: number): Delivered {
  const { attempt, spent, error_attempts, quality_attempts } = validated
  return {
    id: validated.id,
    task_type: validated.task_type,
    title: validated.title,
    content: validated.content,
    answer: attempt.answer,
    structured: attempt.structured,
    scores: attempt.scores,
    final: attempt.final,
    below_threshold: validated.below_threshold,
    attempts: error_attempts + quality_attempts,
    error_attempts,
    quality_attempts,
    model: attempt.model,
    prompt_version: attempt.prompt_version,
    request_id: attempt.request_id,
    calls: spent.calls,
    tokens_prompt: spent.tokens_prompt,
    tokens_completion: spent.tokens_completion,
    tokens_estimated: spent.tokens_estimated,
    cost_usd: spent.cost_usd,
    user_id: validated.user_id,
    organization_id: validated.organization_id,
    asked_at: validated.asked_at,
    delivered_at: now,
    history: validated.history,
  }
}
