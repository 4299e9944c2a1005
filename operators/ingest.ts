/** Raw events in, normalised questions out; what is not a question is set aside with every fault named. */
import { asText, bytes } from '#engine/core/codec.ts'
import { reasonOf } from '#engine/core/errors.ts'
import { operator } from '#engine/core/operator.ts'
import { FailedJson, IntakeJson } from '#pipelines/answers/codecs.ts'
import { type Arrival, type Normalised, normalise } from '#pipelines/answers/events.ts'
import type { TaskTypes } from '#pipelines/answers/task-type.ts'

export interface IngestOptions {
  readonly taskTypes: TaskTypes
  /** Reads Avro in the Confluent wire format (a zero byte first); without it such events are invalid. */
  readonly decodeAvro?: (bytes: Uint8Array) => unknown
}

const INPUT_CHARACTERS_MAX = 1_000

/**
 * Stateless. The raw topic is read as bytes, so that text that is not even JSON is answered with a reason in `failed`.
 *
 * ```ts
 * raw.process(ingest({ taskTypes })).on('intake').to(intake).on('failed').to(failed)
 * ```
 */
export function ingest(options: IngestOptions) {
  return operator({
    name: 'ingest',
    input: bytes,
    outputs: { intake: IntakeJson, failed: FailedJson },
    process({ value, timestamp }, ctx) {
      const normalised = read(value, options, { recordId: ctx.id, timestamp })
      if ('intake' in normalised) {
        ctx.emit('intake', normalised.intake)
        return
      }
      ctx.emit('failed', {
        id: ctx.id,
        reason: 'invalid_input',
        faults: normalised.faults,
        failed_at: ctx.now,
        input: asText(value).slice(0, INPUT_CHARACTERS_MAX),
      })
    },
  })
}

function read(value: Uint8Array, { taskTypes, decodeAvro }: IngestOptions, arrival: Arrival): Normalised {
  const avro = value[0] === 0
  if (avro && !decodeAvro)
    return { faults: ['the event is Avro, but no schema registry is configured (SCHEMA_REGISTRY_URL)'] }
  try {
    const event: unknown = avro && decodeAvro ? decodeAvro(value) : JSON.parse(asText(value))
    return normalise(event, taskTypes, arrival)
  } catch (error) {
    return { faults: [`the event is not ${avro ? 'Avro' : 'JSON'}: ${reasonOf(error)}`] }
  }
}
