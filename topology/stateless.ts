/** The stateless operators behind `map`, `filter`, `branch`, `rekey` and `merge`: ordinary operators, made from functions. */
import type { Codec } from '#core/codec.ts'
import { type Operator, operator } from '#core/operator.ts'
import { isPending } from '#core/pending.ts'
import type { Case, RecordFacts } from './handles.ts'

type Single<V, T> = Operator<{ readonly in: Codec<V> }, { readonly out: Codec<T> }>

/** The operator of `map`: emits what the function makes of each value. A promise from the function is a TypeError. */
export function mapOperator<V, T>(
  name: string,
  input: Codec<V>,
  output: Codec<T>,
  change: (value: V, record: RecordFacts) => T,
): Single<V, T> {
  return operator({
    name,
    input,
    outputs: { out: output },
    process: (record, ctx) => ctx.emit('out', atOnce(name, change(record.value, record))),
  })
}

/** The operator of `filter`: emits the values for which the function holds. */
export function filterOperator<V>(
  name: string,
  codec: Codec<V>,
  keep: (value: V, record: RecordFacts) => boolean,
): Single<V, V> {
  return operator({
    name,
    input: codec,
    outputs: { out: codec },
    process(record, ctx) {
      if (atOnce(name, keep(record.value, record))) ctx.emit('out', record.value)
    },
  })
}

/** The operator of `branch`: emits each value to the first case that holds, and drops a value without one. */
export function branchOperator<V>(
  name: string,
  codec: Codec<V>,
  cases: Readonly<Record<string, Case<V>>>,
): Operator<{ readonly in: Codec<V> }, Readonly<Record<string, Codec<V>>>> {
  const ordered = Object.entries(cases)
  return operator({
    name,
    input: codec,
    outputs: Object.fromEntries(ordered.map(([output]) => [output, codec])),
    process(record, ctx) {
      const taken = ordered.find(([, holds]) => holds === true || atOnce(name, holds(record.value, record)))
      if (taken) ctx.emit(taken[0], record.value)
    },
  })
}

/** The operator of `rekey`: emits each value under the key that the function gives. */
export function rekeyOperator<V>(
  name: string,
  codec: Codec<V>,
  key: (value: V, record: RecordFacts) => string | null,
): Single<V, V> {
  return operator({
    name,
    input: codec,
    outputs: { out: codec },
    process: (record, ctx) => ctx.emit('out', record.value, { key: key(record.value, record) }),
  })
}

/** The operator of `merge`: emits the values of all its origins unchanged. */
export function mergeOperator<V>(name: string, codec: Codec<V>): Single<V, V> {
  return operator({
    name,
    input: codec,
    outputs: { out: codec },
    process: (record, ctx) => ctx.emit('out', record.value),
  })
}

/** A promise is neither a value nor an answer: it would be emitted as an empty object, or count as yes. */
function atOnce<T>(name: string, given: T): T {
  if (!isPending(given)) return given
  throw new TypeError(`the function of ${name} gave a promise; use an operator, whose process may wait`)
}
