/** The trace that a record belongs to. */
import { traceContextOf } from '#core/trace-context.ts'

/** From a header of W3C trace context; nothing where it is none. */
export const traceIdOf = (traceparent: string | undefined): string | undefined =>
  traceContextOf(traceparent)?.traceId
