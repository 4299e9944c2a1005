/** Raw events in, normalised questions out; what is not a question is set aside with every fault named. */

import { FailedAvro, IntakeAvro } from '#answers/codecs.ts'
import { normalise, organizationIn } from '#answers/events.ts'
import { excerptOf, RawEventCodec } from '#answers/raw-event.ts'
import type { TaskTypes } from '#answers/task-type.ts'
import { publish } from '#core/diagnostics.ts'
import { operator } from '#core/operator.ts'
import { HEADER } from '#core/record.ts'

export interface IngestOptions {
  readonly taskTypes: TaskTypes
}

/**
 * Stateless. Text that is not even JSON is answered with a reason in `failed` too.
 *
 * ```ts
 * raw.process('ingest', ingest({ taskTypes })).on('intake').to(intake).on('failed').to(failed)
 * ```
 */
export function ingest(options: IngestOptions) {
  return operator({
    name: 'ingest',
    input: RawEventCodec,
    outputs: { intake: IntakeAvro, failed: FailedAvro },
    process({ value, timestamp }, ctx) {
      const recordId = givenId(ctx.headers.get(HEADER.id)) ?? ctx.id
      const arrival = { recordId, timestamp }
      const normalised =
        'event' in value ? normalise(value.event, options.taskTypes, arrival) : { faults: [value.fault] }
      if ('intake' in normalised) {
        ctx.emit('intake', normalised.intake)
        return
      }
      ctx.emit('failed', {
        id: recordId,
        reason: 'invalid_input',
        faults: normalised.faults,
        failed_at: ctx.now,
        input: excerptOf(value),
        organization_id: 'event' in value ? organizationIn(value.event) : undefined,
      })
      publish('caudal:answer:failed', { taskType: 'none', reason: 'invalid_input', costUsd: 0 })
    },
  })
}

const ID_CHARACTERS_MAX = 256

/**
 * What the sender calls an event that has no id of its own: sent again under the same name, it is the same question. The
 * name identifies the question. Purchases are identified by the record.
 */
function givenId(header: string | undefined): string | undefined {
  return header && header.length <= ID_CHARACTERS_MAX ? header : undefined
}
