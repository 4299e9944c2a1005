/** What is gathered about one run of an operator until it ends, and becomes its spans. */
import type { TraceContext } from '#core/trace-context.ts'
import type { Attributes, SpanRecord } from './span.ts'

type Values = Record<string, string | number | boolean>

/** A span under way: its end is known later, and what channels report meanwhile becomes its attributes. */
export class OpenSpan {
  name: string
  readonly attributes: Values
  readonly #facts: Pick<SpanRecord, 'kind' | 'spanId' | 'startMs'> & Partial<Pick<SpanRecord, 'links'>>
  #endMs: number | undefined
  #error: string | undefined

  constructor(
    name: string,
    facts: Pick<SpanRecord, 'kind' | 'spanId' | 'startMs'> & Partial<Pick<SpanRecord, 'links'>>,
    attributes: Attributes,
  ) {
    this.name = name
    this.#facts = facts
    this.attributes = { ...attributes }
  }

  /** Values that are not known are left out. */
  add(attributes: Readonly<Record<string, string | number | boolean | undefined>>): void {
    for (const [name, value] of Object.entries(attributes))
      if (value !== undefined) this.attributes[name] = value
  }

  end(endMs: number, error?: string): void {
    this.#endMs = endMs
    this.#error = error
  }

  /** As it is under the span of its record. */
  under({ traceId, spanId }: Pick<TraceContext, 'traceId' | 'spanId'>, nowMs: number): SpanRecord {
    const { name, attributes } = this
    const endMs = Math.max(this.#endMs ?? nowMs, this.#facts.startMs)
    return { ...this.#facts, name, traceId, parentId: spanId, endMs, attributes, error: this.#error }
  }
}

/** One run of an operator for one record, with the records that it emits. */
export class Work {
  readonly span: OpenSpan
  readonly context: TraceContext
  readonly outputs: OpenSpan[] = []

  constructor(span: OpenSpan, context: TraceContext) {
    this.span = span
    this.context = context
  }

  /** Its spans; outputs only of a run that has not failed, since those of others do not exist. */
  spans(nowMs: number, error?: string): readonly SpanRecord[] {
    this.span.end(nowMs, error)
    const outputs = error === undefined ? this.outputs : []
    return [this.span, ...outputs].map(span => span.under(this.context, nowMs))
  }
}
