/** Questions and answers: free text, judged against the reference where there is one. */
import { WEIGHTS } from '../rubric.ts'
import type { TaskType } from '../task-type.ts'
import { EARLIER } from './earlier.ts'

/** Answers a question in words. */
export const qa: TaskType = {
  name: 'qa',
  version: 1,
  prompt: {
    system:
      'You answer questions precisely and briefly, in the language of the question. If a context is given, rely on it. Say what is asked first, then at most two sentences of explanation.',
    user: `
<question>
{{title}}
</question>

<context>
{{content}}
</context>

An earlier answer was judged too weak; write a better one.${EARLIER}`,
  },
  temperature: 0.3,
  tokensMax: 600,
  weights: WEIGHTS,
  costLimitUsd: 0.05,
  judge: 'model',
}
