/** Spans as data, and their identities. */
import { hash } from 'node:crypto'

/** One span that has ended. */
export interface SpanRecord {
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** `undefined` at the root of a trace. */
  readonly parentId: string | undefined
  /** Milliseconds since the epoch. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Attributes
  /** Why it failed. */
  readonly error?: string | undefined
  /** Other spans that belong to it: the call of a replayed step, the records of a batch. */
  readonly links?: readonly SpanLink[]
}

/** A span of any trace. */
export type SpanLink = Pick<SpanRecord, 'traceId' | 'spanId'>

export type Attributes = Readonly<Record<string, string | number | boolean>>

/** Takes spans as they end. It neither throws nor waits. */
export type SpanSink = (span: SpanRecord) => void

/** Trace of a record that was given none: a pure function of its identity. */
export const traceIdOf = (recordId: string): string => digits('trace', recordId, 32)

/** The span that stands in the header of a record: a pure function of the identity of that record. */
export const spanIdOf = (outputId: string): string => digits('record', outputId, 16)

/** The span of a durable step, by the identity of its call. */
export const callSpanIdOf = (callId: string): string => digits('call', callId, 16)

const digits = (kind: string, id: string, count: number): string =>
  hash('sha256', `${kind}\n${id}`).slice(0, count)
