/** What the two operators that call a model share: the durable call, the settings of a record, and the telling of a failure. */

import { settingsOf, type TaskDefaults, type TaskSettings, type TaskTypes } from '#answers/task-type.ts'
import type { TokenWriter } from '#answers/tokens.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Attempt, Bought, LlmError, LlmRequest, Step, TaskConfig } from '#answers/types.ts'
import type { StepCall, TableHandle } from '#core/context.ts'
import type { Logger } from '#core/loggers.ts'
import { asModelError, briefly, type Model, type ModelError, type ModelRequest } from '#models/model.ts'

/**
 * A larger reply is useless, since a topic takes a megabyte a record. One record keeps an answer up to four times: as text,
 * as JSON, and both again as the best so far.
 */
export const REPLY_BYTES_MAX = 100_000

/** Where a call is made, and what is done around it. */
export interface Purchase extends Pick<StepCall, 'signal' | 'id'> {
  /** Asked right before the call is made; throws where a brake stops it. */
  readonly mayBegin: (model: string | undefined) => void
  /** Hears the reply while it comes. */
  readonly stream?: TokenWriter | undefined
}

/** The call itself, run inside `ctx.step`. Whatever a model throws becomes a `ModelError`, but for the abort of the record. */
export async function buy(
  model: Model,
  request: ModelRequest,
  { signal, id, mayBegin, stream }: Purchase,
): Promise<Bought> {
  try {
    mayBegin(request.model)
    const {
      text,
      usage,
      model: name,
      latencyMs,
      finish,
      fault,
    } = await model.complete(request, {
      signal,
      requestId: id,
      stream,
      mayBegin,
    })
    stream?.whole(text)
    const bought = { usage, model: name, latencyMs, finish, requestId: id }
    const size = Buffer.byteLength(text)
    if (size <= REPLY_BYTES_MAX) return { ...bought, text, fault }
    return {
      ...bought,
      text: '',
      fault: `the reply has ${size} bytes, an answer may have ${REPLY_BYTES_MAX}`,
    }
  } catch (error) {
    signal.throwIfAborted()
    throw asModelError(error)
  } finally {
    stream?.close()
  }
}

export interface FailureFacts {
  readonly step: Step
  readonly requestId: string
  readonly attempt?: Attempt | undefined
}

export function failedCall(request: LlmRequest, error: ModelError, facts: FailureFacts): LlmError {
  return {
    ...request,
    step: facts.step,
    attempt: facts.attempt,
    request_id: facts.requestId,
    error_type: error.errorType,
    reason: error.reason,
    retry_after_ms: error.retryAfterMs,
    counts: error.spent,
  }
}

export function uselessReply(request: LlmRequest, reason: string, facts: FailureFacts): LlmError {
  return {
    ...request,
    step: facts.step,
    attempt: facts.attempt,
    request_id: facts.requestId,
    error_type: 'invalid',
    reason: briefly(reason),
    counts: true,
  }
}

/** Only the fields of the request, of a value that extends it. */
export function requestOf(value: LlmRequest): LlmRequest {
  const { id, task_type, title, content, best_answer, user_id, organization_id, asked_at } = value
  const { error_attempts, quality_attempts, parked, feedback, best, spent, history } = value
  return {
    id,
    task_type,
    title,
    content,
    best_answer,
    user_id,
    organization_id,
    asked_at,
    error_attempts,
    quality_attempts,
    parked,
    feedback,
    best,
    spent,
    history,
  }
}

export interface SettingsContext {
  readonly log: Logger
  table(name: typeof TOPICS.config): TableHandle<TaskConfig>
}

/** Looks up the settings of a task type for one record; `undefined` when there is no such type. A faulty change is warned of once. */
export function settingsReader(taskTypes: TaskTypes, defaults: TaskDefaults) {
  const warned = new Set<string>()
  return (name: string, ctx: SettingsContext): TaskSettings | undefined => {
    const type = Object.hasOwn(taskTypes, name) ? taskTypes[name] : undefined
    if (!type) return undefined
    const { settings, faults } = settingsOf(type, defaults, ctx.table(TOPICS.config).get(name))
    const warning = `${name}: ${faults.join('; ')}`
    if (faults.length > 0 && !warned.has(warning)) {
      warned.add(warning)
      ctx.log.warn(`a change of ${TOPICS.config} has faults and is left out`, { task_type: name, faults })
    }
    return settings
  }
}
