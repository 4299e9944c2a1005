/** The trace that a record belongs to. */

/** From a header of W3C trace context; nothing where it is none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent ?? '')?.[1]
}
