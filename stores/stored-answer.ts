/** A delivered answer as the stores keep it. */
import { questionHash } from '#answers/question-hash.ts'
import type { Delivered } from '#answers/types.ts'
import { isMoment } from '#core/moment.ts'
import type { StoredAnswer } from './answers.ts'
import { organizationOf } from './organization.ts'

/** The row of the stores for a record of `datos_procesados`. */
export function storedAnswerOf(delivered: Delivered): StoredAnswer {
  return {
    id: delivered.id,
    organization: organizationOf(delivered.organization_id),
    questionHash: questionHash(delivered),
    taskType: delivered.task_type,
    userId: delivered.user_id,
    title: delivered.title,
    content: delivered.content,
    answer: delivered.answer,
    structured: delivered.structured,
    scores: delivered.scores,
    final: delivered.final,
    belowThreshold: delivered.below_threshold,
    errorAttempts: delivered.error_attempts,
    qualityAttempts: delivered.quality_attempts,
    model: delivered.model,
    promptVersion: delivered.prompt_version,
    requestId: delivered.request_id,
    calls: delivered.calls,
    tokensPrompt: delivered.tokens_prompt,
    tokensCompletion: delivered.tokens_completion,
    costUsd: delivered.cost_usd,
    askedAt: delivered.asked_at,
    deliveredAt: delivered.delivered_at,
    traceId: delivered.trace_id,
  }
}

/** Where the cache has the answer to a question. The identity of the question holds organisation and task type. */
export const answerKey = (questionHash: string): string => `q:${questionHash}`

/** The text under which the cache keeps an answer; `cachedAnswer` reads it. */
export const cachedText = (answer: StoredAnswer): string => JSON.stringify(answer)

/** Nothing for a text that is no answer to the question: another version or another program wrote it. */
export function cachedAnswer(text: string, questionHash: string): StoredAnswer | undefined {
  try {
    const found: StoredAnswer = JSON.parse(text)
    return isAnswer(found) && found.questionHash === questionHash ? found : undefined
  } catch {
    return undefined // The database is asked instead.
  }
}

const TEXTS = [
  'id',
  'organization',
  'taskType',
  'title',
  'answer',
  'model',
  'promptVersion',
  'requestId',
] as const
const TEXTS_OR_NONE = ['userId', 'content', 'structured', 'traceId'] as const
const NUMBERS = [
  ...(['final', 'errorAttempts', 'qualityAttempts', 'calls'] as const),
  ...(['tokensPrompt', 'tokensCompletion', 'askedAt', 'deliveredAt'] as const),
]

/** Whether each field has its type: a view of the answer never fails on it. */
function isAnswer(found: StoredAnswer): boolean {
  const { scores, costUsd, belowThreshold, structured, askedAt, deliveredAt } = found
  if (structured !== undefined) JSON.parse(structured)
  return (
    TEXTS.every(name => typeof found[name] === 'string') &&
    TEXTS_OR_NONE.every(name => found[name] === undefined || typeof found[name] === 'string') &&
    NUMBERS.every(name => typeof found[name] === 'number') &&
    [askedAt, deliveredAt].every(isMoment) &&
    (costUsd === undefined || typeof costUsd === 'number') &&
    typeof belowThreshold === 'boolean' &&
    typeof scores === 'object' &&
    scores !== null &&
    Object.values(scores).every(score => score === null || typeof score === 'number')
  )
}
