/** Lets each question in once: an event id seen within 24 hours is dropped. */

import { IntakeAvro, LlmRequestAvro, SeenAvro } from '#answers/codecs.ts'
import { NOTHING_SPENT } from '#answers/types.ts'
import { type Duration, msOf } from '#core/duration.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'

export interface AdmitOptions {
  /** How long an id is remembered; a day when left out. */
  readonly window?: Duration
}

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
    state: { seen: state.value(SeenAvro, { ttl: msOf('window', options.window ?? '1d', 1) }) },
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
