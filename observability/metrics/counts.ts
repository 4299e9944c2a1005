/** Numbers by labels, in plain maps: an increment costs a look-up. Label values are bounded in length and in number. */
import type { Buckets, Child } from './family.ts'

/** A provider may answer with any text as the name of its model. */
const VALUE_CHARACTERS_MAX = 100
/** What stands for values that find no room. */
export const OTHER = 'other'

/** A value of a label: one line of well-formed text of bounded length. */
export function labelValue(text: string): string {
  const line = text.slice(0, VALUE_CHARACTERS_MAX).toWellFormed()
  return line.replace(/\p{Cc}/gu, ' ')
}

/** Lets the first values of a label through; the others share one. */
export class ClosedSet {
  readonly #max: number
  readonly #values = new Set<string>()

  constructor(max: number) {
    this.#max = max
  }

  take(text: string): string {
    const value = labelValue(text)
    if (this.#values.has(value)) return value
    if (this.#values.size >= this.#max) return OTHER
    this.#values.add(value)
    return value
  }
}

/** A map from labels to what is counted under them. */
class ByLabels<T> {
  readonly #names: readonly string[]
  readonly #make: () => T
  readonly #found = new Map<string, { readonly values: readonly string[]; readonly counted: T }>()

  constructor(names: readonly string[], make: () => T) {
    this.#names = names
    this.#make = make
  }

  of(values: readonly string[]): T {
    const key = values.join('\u0000')
    const known = this.#found.get(key)
    if (known) return known.counted
    const counted = this.#make()
    this.#found.set(key, { values, counted })
    return counted
  }

  children(read: (counted: T) => number | Buckets): readonly Child[] {
    return [...this.#found.values()].map(({ values, counted }) => ({
      labels: Object.fromEntries(this.#names.map((name, index) => [name, values[index] ?? ''])),
      value: read(counted),
    }))
  }
}

/** A number for each set of label values, given in the order of the names. */
export class Counts {
  readonly #numbers: ByLabels<{ value: number }>

  constructor(...names: readonly string[]) {
    this.#numbers = new ByLabels(names, () => ({ value: 0 }))
    // A counter that is there before anything happened shows its first step.
    if (names.length === 0) this.add(0)
  }

  add(amount: number, ...values: readonly string[]): void {
    this.#numbers.of(values).value += amount
  }

  set(value: number, ...values: readonly string[]): void {
    this.#numbers.of(values).value = value
  }

  get children(): readonly Child[] {
    return this.#numbers.children(({ value }) => value)
  }
}

/** Buckets for each set of label values. */
export class Distributions {
  readonly #bounds: readonly number[]
  readonly #buckets: ByLabels<{ readonly counts: number[]; sum: number }>

  constructor(bounds: readonly number[], ...names: readonly string[]) {
    this.#bounds = bounds
    this.#buckets = new ByLabels(names, () => ({ counts: new Array(bounds.length + 1).fill(0), sum: 0 }))
  }

  add(value: number, ...values: readonly string[]): void {
    const buckets = this.#buckets.of(values)
    const found = this.#bounds.findIndex(bound => value <= bound)
    const bucket = found < 0 ? this.#bounds.length : found
    buckets.counts[bucket] = (buckets.counts[bucket] ?? 0) + 1
    buckets.sum += value
  }

  get children(): readonly Child[] {
    return this.#buckets.children(({ counts, sum }) => ({ bounds: this.#bounds, counts, sum }))
  }
}
