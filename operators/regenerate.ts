/** Turns a weak answer into a new request: the judge's feedback and the best attempt travel with it. */

import { LlmRequestAvro, ScoredAvro } from '#answers/codecs.ts'
import { operator } from '#core/operator.ts'
import { requestOf } from './model-step.ts'

/**
 * ```ts
 * low.process('regenerate', regenerate()).to(requests)
 * ```
 */
export function regenerate() {
  return operator({
    name: 'regenerate',
    input: ScoredAvro,
    outputs: { requested: LlmRequestAvro },
    process({ value: scored }, ctx) {
      ctx.emit('requested', { ...requestOf(scored), feedback: scored.best?.feedback })
    },
  })
}
