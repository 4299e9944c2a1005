/** What is gathered about one run of an operator until it ends, and becomes its spans. */
import type { ProcessInfo } from '#core/interceptor.ts'
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

/** The operator that runs, and the identity of its record. */
export type Run = Pick<ProcessInfo, 'node' | 'id'>

/** One run of an operator for one record, with the records that it emits. */
export class Work {
  readonly span: OpenSpan
  readonly context: TraceContext
  readonly outputs: OpenSpan[] = []
  /** `undefined` in a batch run, since it has no single record. */
  readonly run: Run | undefined

  constructor(span: OpenSpan, context: TraceContext, run: Run | undefined) {
    this.span = span
    this.context = context
    this.run = run
  }

  /** Its spans; outputs only of a run that has not failed, since those of others do not exist. */
  spans(nowMs: number, error?: string): readonly SpanRecord[] {
    this.span.end(nowMs, error)
    const outputs = error === undefined ? this.outputs : []
    return [this.span, ...outputs].map(span => span.under(this.context, nowMs))
  }
}

/** The runs that have not ended. Of two for one record the later one counts: the earlier was given up, and has no effect. */
export class WorksUnderWay {
  readonly #works = new Map<string, Work>()

  begun(work: Work): Work {
    if (work.run) this.#works.set(nameOf(work.run), work)
    return work
  }

  ended(work: Work): void {
    if (work.run && this.of(work.run) === work) this.#works.delete(nameOf(work.run))
  }

  of(run: Run): Work | undefined {
    return this.#works.get(nameOf(run))
  }
}

const nameOf = ({ node, id }: Run): string => `${node} ${id}`
