/** W3C trace context: which trace a record, a request or a log line belongs to. */

/** Name of the header, of HTTP and of records. */
export const TRACEPARENT = 'traceparent'

/** A place in a trace: 32 and 16 hexadecimal digits, never all zeros. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
}

const VERSION_00 = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

/** Nothing where the text is no trace context of version 00. */
export function traceContextOf(text: string | undefined): TraceContext | undefined {
  const [, traceId, spanId, flags] = VERSION_00.exec(text ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** Whether a trace that begins here belongs to the share that is written, from 0 to 1: every pod and gateway decides alike. */
export const isWithinShare = (traceId: string, share: number): boolean =>
  Number.parseInt(traceId.slice(0, 8), 16) < share * 2 ** 32

/** The text of a header `traceparent`, in version 00 of W3C Trace Context. */
export const traceparentOf = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`
