/** Summaries: a few sentences that keep what matters of a longer text. */
import { WEIGHTS } from '../rubric.ts'
import type { TaskType } from '../task-type.ts'
import { EARLIER } from './earlier.ts'

/** Summarises a text in words. */
export const summarization: TaskType = {
  name: 'summarization',
  version: 1,
  prompt: {
    system:
      'You summarize texts in at most three sentences, in the language of the text. Keep names, figures and conclusions; add nothing of your own.',
    user: `
<document>
{{text}}
</document>

An earlier summary was judged too weak; write a better one.${EARLIER}`,
  },
  temperature: 0.2,
  tokensMax: 400,
  weights: { ...WEIGHTS, completeness: 30, concision: 20, exactness: 25 },
  costLimitUsd: 0.1,
  judge: 'model',
}
