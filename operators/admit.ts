/** Lets each question in once: an event id seen within 24 hours is dropped. */

import { IntakeAvro, LlmRequestAvro, SeenAvro } from '#answers/codecs.ts'
import { NOTHING_SPENT } from '#answers/types.ts'
import { operator, state } from '#core/operator.ts'

export interface AdmitOptions {
  readonly windowMs?: number
}

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Keyed by event id. The window begins with the first event of an id; duplicates do not lengthen it.
 *
 * ```ts
 * intake.process('admit', admit()).to(requests)
 * ```
 */
export function admit(options: AdmitOptions = {}) {
  return operator({
    name: 'admit',
    input: IntakeAvro,
    outputs: { admitted: LlmRequestAvro },
    state: { seen: state.value(SeenAvro, { ttlMs: options.windowMs ?? DAY_MS }) },
    process({ value: intake }, ctx) {
      if (ctx.state.seen.get() !== undefined) {
        ctx.log.debug('duplicate dropped', { id: intake.id })
        return
      }
      ctx.state.seen.set({ at: ctx.now })
      ctx.emit('admitted', {
        ...intake,
        error_attempts: 0,
        quality_attempts: 0,
        parked: 0,
        spent: NOTHING_SPENT,
        history: [],
      })
    },
  })
}
