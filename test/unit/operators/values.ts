/** Values that the operators' tests begin with, and a scripted model. */

import { type Attempt, type JudgedAttempt, type LlmRequest, NOTHING_SPENT } from '#answers/types.ts'
import {
  type Model,
  ModelError,
  type ModelErrorType,
  type ModelReply,
  type ModelRequest,
} from '#models/model.ts'

export const REQUEST: LlmRequest = {
  id: 'q1',
  task_type: 'qa',
  title: 'Why is the sky blue?',
  best_answer: 'Because air scatters blue light more than red.',
  organization_id: 'org',
  asked_at: 500,
  error_attempts: 0,
  quality_attempts: 0,
  parked: 0,
  spent: NOTHING_SPENT,
  history: [],
}

export const ATTEMPT: Attempt = {
  answer: 'Because air scatters blue light.',
  model: 'gpt-4o-mini',
  prompt_version: '1',
  request_id: 'call-1',
  latency_ms: 12,
  tokens_prompt: 100,
  tokens_completion: 10,
}

export const judged = (final: number, feedback = `feedback on ${final}`): JudgedAttempt => ({
  ...ATTEMPT,
  scores: { exactness: final, completeness: final, clarity: final, concision: final, usefulness: final },
  final,
  feedback,
})

export const REPLY: ModelReply = {
  text: ' Air scatters blue light. ',
  usage: { promptTokens: 1_000, completionTokens: 100 },
  model: 'gpt-4o-mini',
  latencyMs: 7,
  finish: 'stop',
}

export interface ScriptedModel extends Model {
  readonly calls: { readonly request: ModelRequest; readonly requestId: string }[]
}

/** Answers with each reply in turn, the last one again and again; errors are thrown. */
export function scripted(...replies: readonly (Partial<ModelReply> | Error)[]): ScriptedModel {
  const calls: { request: ModelRequest; requestId: string }[] = []
  return {
    calls,
    complete(request, { requestId }) {
      const reply = replies[Math.min(calls.length, replies.length - 1)] ?? {}
      calls.push({ request, requestId })
      return reply instanceof Error ? Promise.reject(reply) : Promise.resolve({ ...REPLY, ...reply })
    },
  }
}

export const modelError = (
  errorType: ModelErrorType,
  more: { spent?: boolean; retryAfterMs?: number } = {},
) => new ModelError(errorType, { model: 'm', reason: `it was ${errorType}`, ...more })
