/** Sentiment of a text: positive, negative or neutral, with how sure and why. */
import { SCORE_MAX, WEIGHTS } from '../rubric.ts'
import type { TaskType } from '../task-type.ts'
import { JUDGED_TEXT } from './earlier.ts'

/** Classifies the sentiment of a text, as JSON. */
export const sentiment: TaskType = {
  name: 'sentiment',
  version: 1,
  prompt: {
    system:
      'You judge the sentiment of a text as positive, negative or neutral. Give your confidence from 0 to 1 and a rationale of one sentence in the language of the text.',
    user: JUDGED_TEXT,
  },
  temperature: 0,
  tokensMax: 200,
  answer: {
    name: 'sentiment',
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['label', 'confidence', 'rationale'],
      properties: {
        label: { enum: ['positive', 'negative', 'neutral'], type: 'string' },
        confidence: { type: 'number', minimum: 0, maximum: 1 },
        rationale: { type: 'string' },
      },
    },
    inWords: ({ label, rationale }) => `${label}. ${rationale}`,
  },
  weights: { ...WEIGHTS, exactness: 60, completeness: 15, clarity: 10 },
  threshold: SCORE_MAX / 2,
  attemptsMax: 2,
  costLimitUsd: 0.01,
  judge: 'model',
}
