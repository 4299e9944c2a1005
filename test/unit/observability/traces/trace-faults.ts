/** What is wrong with traces: a question without one, one in several parts, a span without its parent. */
import { traceContextOf } from '#core/trace-context.ts'
import type { SpanRecord } from '#observability/traces/span.ts'

type Faulty = Pick<SpanRecord, 'name' | 'traceId' | 'spanId' | 'parentId'>

/** `traceparents`: of the outcomes of the questions that were asked. */
export function faultsOf(
  spans: readonly Faulty[],
  traceparents: readonly (string | undefined)[],
): readonly string[] {
  const traces = new Map<string, Faulty[]>()
  for (const span of spans) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span])
  const wanted = traceparents.map(text => traceContextOf(text)?.traceId ?? 'none')
  const faults = wanted.filter(id => !traces.has(id)).map(id => `a question has no trace: ${id}`)
  if (new Set(wanted).size < wanted.length) faults.push('two questions share a trace')
  for (const [id, ofTrace] of traces) faults.push(...faultsOfTrace(id, ofTrace))
  return faults
}

function faultsOfTrace(id: string, spans: readonly Faulty[]): readonly string[] {
  const known = new Set(spans.map(({ spanId }) => spanId))
  const orphans = spans.filter(({ parentId }) => parentId !== undefined && !known.has(parentId))
  const roots = new Set(spans.filter(({ parentId }) => parentId === undefined).map(({ spanId }) => spanId))
  const faults = orphans.map(({ name }) => `${id}: the parent of ${name} is missing`)
  return roots.size === 1 ? faults : [...faults, `${id}: ${roots.size} roots`]
}
