/** How runs, answers and failures look to a caller. */
import { questionHash } from '#answers/question-hash.ts'
import type { Delivered, Failed } from '#answers/types.ts'
import type { Outcome } from '#pipelines/outcome-index.ts'
import type { Run } from '#pipelines/run-index.ts'
import type { StoredAnswer } from '#stores/answers.ts'
import { EVENT_KINDS, type TaskEvent } from '#stores/history.ts'
import { organizationOf } from '#stores/organization.ts'
import { storedAnswerOf } from '#stores/stored-answer.ts'
import type { Schema } from '../schema.ts'

const text = (description: string) => ({ type: 'string', description }) as const
const number = (description: string) => ({ type: 'number', description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const

/** SHA-256 as hexadecimal digits. */
export const HASH = /^[0-9a-f]{64}$/

export const ANSWER_FIELDS = {
  answer: text('The text of the answer.'),
  structured: { description: 'The answer as JSON, where its task type has a schema.' },
  final: number('Weighted mean of the scores, 0 to 10.'),
  scores: {
    type: 'object',
    properties: {},
    additionalProperties: true,
    description: 'What the judge gave each criterion, 0 to 10.',
  },
  below_threshold: {
    type: 'boolean',
    description: 'No attempt reached the threshold; this is the best of them.',
  },
  model: text('The model that answered, as its provider names it.'),
  prompt_version: text('Version of the prompt that the model was asked with.'),
  attempts: whole('Calls that failed and answers that were judged, together.'),
  error_attempts: whole('Calls that failed.'),
  quality_attempts: whole('Answers that were judged.'),
  tokens_prompt: whole('Tokens that were sent.'),
  tokens_completion: whole('Tokens that were generated.'),
  cost_usd: { description: 'Price of all calls in US dollars; null where the price of any is not known.' },
  delivered_at: text('When it was delivered, ISO 8601.'),
} as const satisfies Record<string, Schema>

export const RUN_FIELDS = {
  id: text('Identity of the question: SHA-256 of organisation, task type and normalised text.'),
  task_id: text('Identity of this run of the question.'),
  task_type: text('Which task it is.'),
  title: text('The question itself.'),
  asked_at: text('When it was asked, ISO 8601.'),
} as const satisfies Record<string, Schema>

export const FAILURE_FIELDS = {
  reason: text('Why there is no answer: invalid_input, attempts_used_up or dead_letter.'),
  faults: { type: 'array', items: { type: 'string' }, description: 'What went wrong, in words.' },
  failed_at: text('When it was given up, ISO 8601.'),
} as const satisfies Record<string, Schema>

export const EVENT = {
  type: 'object',
  properties: {
    kind: {
      type: 'string',
      enum: EVENT_KINDS,
      description: 'What happened.',
    },
    at: { type: 'string', description: 'When, ISO 8601.' },
  },
  required: ['kind', 'at'],
  additionalProperties: true,
  description: 'With what belongs to its kind: attempt, request id, reply, scores, error, cost, trace.',
} as const

export const eventView = ({ kind, at, detail }: TaskEvent): object => ({ kind, at: iso(at), ...detail })

export const iso = (time: number): string => new Date(time).toISOString()

export const answerView = (delivered: Delivered): object => storedView(storedAnswerOf(delivered))

/** The same of an answer that a store has. */
export function storedView(stored: StoredAnswer): object {
  return {
    answer: stored.answer,
    ...(stored.structured !== undefined && { structured: JSON.parse(stored.structured) }),
    final: stored.final,
    scores: stored.scores,
    below_threshold: stored.belowThreshold,
    model: stored.model,
    prompt_version: stored.promptVersion,
    attempts: stored.errorAttempts + stored.qualityAttempts,
    error_attempts: stored.errorAttempts,
    quality_attempts: stored.qualityAttempts,
    tokens_prompt: stored.tokensPrompt,
    tokens_completion: stored.tokensCompletion,
    cost_usd: stored.costUsd ?? null,
    delivered_at: iso(stored.deliveredAt),
  }
}

export function storedRunView(answer: StoredAnswer): object {
  const { id, questionHash: hash, organization, taskType, title, askedAt } = answer
  return runView({ id, hash, organization, taskType, title, askedAt })
}

export const runView = ({ id, hash, taskType, title, askedAt }: Run): object => ({
  id: hash,
  task_id: id,
  task_type: taskType,
  title,
  asked_at: iso(askedAt),
})

const failureView = ({ reason, faults, failed_at }: Failed): object => ({
  reason,
  faults,
  failed_at: iso(failed_at),
})

/** The state of a run and what came of it. */
export function outcomeView(outcome: Outcome | undefined): object {
  switch (outcome?.status) {
    case undefined:
      return { state: 'accepted' }
    case 'delivered':
      return { state: 'delivered', result: answerView(outcome.delivered) }
    case 'failed':
      return { state: 'failed', ...failureView(outcome.failed) }
    case 'dead': {
      const { message, failedAt } = outcome.letter
      return { state: 'failed', reason: 'dead_letter', faults: [message], failed_at: iso(failedAt) }
    }
  }
}

/** The run that an outcome belongs to, as far as the outcome says. */
export function runOf(outcome: Outcome): Run | undefined {
  const question =
    outcome.status === 'delivered'
      ? outcome.delivered
      : outcome.status === 'failed'
        ? outcome.failed.request
        : undefined
  if (!question) return undefined
  const { id, task_type: taskType, title, asked_at: askedAt } = question
  const organization = organizationOf(question.organization_id)
  return { id, hash: questionHash(question), organization, taskType, title, askedAt }
}
