/** Moderation of a text; a flagged one becomes an action event, so that somebody looks at it. */
import { SCORE_MAX, WEIGHTS } from '../rubric.ts'
import type { TaskType } from '../task-type.ts'
import { JUDGED_TEXT } from './earlier.ts'

/** Flags harmful texts, as JSON, and asks for a review of those that it flags. */
export const moderation: TaskType = {
  name: 'moderation',
  version: 1,
  prompt: {
    system:
      'You moderate texts. Flag harassment, violence, self_harm, hate and spam, name the categories, and give the reason in one sentence in the language of the text.',
    user: JUDGED_TEXT,
  },
  temperature: 0,
  tokensMax: 200,
  answer: {
    name: 'moderation',
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['flagged', 'categories', 'reason'],
      properties: {
        flagged: { type: 'boolean' },
        categories: { type: 'array', items: { type: 'string' } },
        reason: { type: 'string' },
      },
    },
    inWords: ({ flagged, categories, reason }) =>
      `${flagged ? `flagged: ${String(categories)}` : 'not flagged'}. ${reason}`,
    action: ({ flagged, categories, reason }) =>
      flagged === true
        ? { action: 'review', reason: String(reason), details: { categories: String(categories) } }
        : undefined,
  },
  weights: { ...WEIGHTS, exactness: 60, completeness: 15, clarity: 10 },
  threshold: SCORE_MAX / 2,
  attemptsMax: 2,
  costLimitUsd: 0.01,
  judge: 'model',
}
