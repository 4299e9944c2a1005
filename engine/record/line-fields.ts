/** What log lines of a record tell of it, so that a line leads to its record, its trace and its task. */
import { asText } from '#core/codec.ts'
import { TRACEPARENT, traceContextOf } from '#core/trace-context.ts'
import type { Job } from './job.ts'

export interface LineFields {
  readonly task: string
  readonly node: string | undefined
  readonly place: string
  readonly id: string
  readonly trace_id: string | undefined
}

export function lineFields({ id, place, headers }: Job, task: string, node: string | undefined): LineFields {
  const traceparent = headers?.[TRACEPARENT]
  const trace = traceparent && traceContextOf(asText(traceparent))
  return { task, node, place, id, trace_id: trace?.traceId }
}
