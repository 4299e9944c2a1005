/** How far one source partition is done, while its records finish in any order. */
import { invariant } from '#core/errors.ts'

/** Offsets done ahead of a low mark: gap, length, gap, length...; each gap counts from the end of the run before. */
export type Runs = readonly number[]

/**
 * Tracks which offsets of one source partition are finished while records finish in any order.
 *
 * Only unfinished offsets are kept. A circular buffer holds the offsets begun, ascending, each with a flag. Its head is always
 * unfinished, so in-order completion touches one slot. The search for an offset guesses that no offset is missing since the
 * head. The guess is exact without gaps, and else bounds a binary search. Everything between two unfinished offsets is
 * finished. Runs are the complement, so gaps in the offsets cost nothing and merge by themselves.
 *
 * Invariants: low <= every unfinished offset < next. low is the head's offset, or else next, or the end of a restored run
 * past next. Offsets done before a restart are consulted as the reader passes them, then forgotten.
 * Memory grows with the records begun since the lowest unfinished one. The caller keeps `span` below SPAN_MAX.
 */
export class SourceProgress {
  #low: number
  #next: number
  #unfinished = 0
  #offsets = new Float64Array(64)
  #done = new Uint8Array(64)
  #head = 0
  #tail = 0
  /** Restored runs as [from, to) pairs, and the first pair that ends above the reader's position. */
  readonly #restored: readonly number[]
  #cursor = 0

  constructor(low: number, doneAhead: Runs = []) {
    this.#low = low
    this.#next = low
    this.#restored = rangesOf(low, doneAhead)
  }

  /** The lowest offset that is not finished: where a restart begins to read. */
  get low(): number {
    return this.#low
  }

  /** Highest offset begun + 1 - low; 0 when nothing is begun above low. */
  get span(): number {
    return Math.max(0, this.#next - this.#low)
  }

  /** Records begun and not complete. */
  get unfinished(): number {
    return this.#unfinished
  }

  /** A record was delivered. Offsets ascend. `false`: the record was finished before a restart, and must be skipped. */
  begin(offset: number): boolean {
    invariant(offset >= this.#next, `offset ${offset} was delivered after ${this.#next - 1}`)
    const finished = this.#isRestored(offset)
    this.#next = offset + 1
    if (finished) {
      if (this.#unfinished === 0) this.#settle()
      return false
    }
    if (this.#unfinished === 0) this.#low = offset
    this.#push(offset)
    return true
  }

  complete(offset: number): void {
    const place = this.#find(offset)
    this.#done[place & (this.#done.length - 1)] = 1
    this.#unfinished -= 1
    if (place === this.#head) this.#advance()
  }

  /** A complete record that is not committed must be run again. */
  reopen(offset: number): void {
    this.#unfinished += 1
    const mask = this.#done.length - 1
    let place = this.#head
    while (place < this.#tail && (this.#offsets[place & mask] ?? 0) < offset) place++
    if (place < this.#tail && this.#offsets[place & mask] === offset) this.#done[place & mask] = 0
    else this.#insert(place, offset)
    this.#low = this.#offsets[this.#head & (this.#done.length - 1)] ?? offset
  }

  /**
   * The reader has begun every record before this offset. Offsets that never arrived (transaction markers, compaction) count
   * as finished.
   */
  passed(nextOffset: number): void {
    if (nextOffset <= this.#next) return
    this.#next = nextOffset
    if (this.#unfinished === 0) this.#settle()
  }

  /** Finished ranges above low, restored ranges that the reader has not reached included. */
  runs(): Runs {
    const runs: number[] = []
    let end = this.#low
    const add = (from: number, to: number) => {
      if (from >= to) return
      if (from === end && runs.length > 0) runs.push((runs.pop() ?? 0) + to - from)
      else runs.push(from - end, to - from)
      end = to
    }
    if (this.#unfinished > 0) {
      let previous = this.#low
      const mask = this.#done.length - 1
      for (let place = this.#head + 1; place < this.#tail; place++) {
        if (this.#done[place & mask] === 1) continue
        const offset = this.#offsets[place & mask] ?? 0
        add(previous + 1, offset)
        previous = offset
      }
      add(previous + 1, this.#next)
    }
    for (let i = this.#cursor; i < this.#restored.length; i += 2) {
      add(Math.max(this.#restored[i] ?? 0, this.#next, this.#low), this.#restored[i + 1] ?? 0)
    }
    return runs
  }

  /** Nothing is unfinished. low becomes the reader's position, or the end of the restored run around that position. */
  #settle(): void {
    this.#low = this.#next
    if (this.#isRestored(this.#next)) this.#low = this.#restored[this.#cursor + 1] ?? this.#next
  }

  #isRestored(offset: number): boolean {
    while (this.#cursor < this.#restored.length && (this.#restored[this.#cursor + 1] ?? 0) <= offset) {
      this.#cursor += 2
    }
    return this.#cursor < this.#restored.length && (this.#restored[this.#cursor] ?? 0) <= offset
  }

  #push(offset: number): void {
    if (this.#tail - this.#head === this.#done.length) this.#grow()
    const slot = this.#tail & (this.#done.length - 1)
    this.#offsets[slot] = offset
    this.#done[slot] = 0
    this.#tail += 1
    this.#unfinished += 1
  }

  /** Moves the slots before `place` down by one. A record is rarely reopened, and rarely far from the head. */
  #insert(place: number, offset: number): void {
    if (this.#tail - this.#head === this.#done.length) {
      place -= this.#head
      this.#grow()
    }
    const mask = this.#done.length - 1
    if (this.#head === 0) {
      this.#head += mask + 1
      this.#tail += mask + 1
      place += mask + 1
    }
    this.#head -= 1
    for (let to = this.#head; to < place - 1; to++) {
      this.#offsets[to & mask] = this.#offsets[(to + 1) & mask] ?? 0
      this.#done[to & mask] = this.#done[(to + 1) & mask] ?? 0
    }
    this.#offsets[(place - 1) & mask] = offset
    this.#done[(place - 1) & mask] = 0
  }

  #grow(): void {
    const size = this.#done.length
    const offsets = new Float64Array(size * 2)
    const done = new Uint8Array(size * 2)
    for (let i = 0; i < size; i++) {
      const slot = (this.#head + i) & (size - 1)
      offsets[i] = this.#offsets[slot] ?? 0
      done[i] = this.#done[slot] ?? 0
    }
    this.#offsets = offsets
    this.#done = done
    this.#head = 0
    this.#tail = size
  }

  /** Drops finished offsets at the head. low moves to the next unfinished offset. */
  #advance(): void {
    const mask = this.#done.length - 1
    while (this.#head < this.#tail && this.#done[this.#head & mask] === 1) this.#head += 1
    // Indexes begin again from zero, so that they stay small integers for as long as the pod lives.
    if (this.#head > mask) {
      this.#head -= mask + 1
      this.#tail -= mask + 1
    }
    if (this.#head < this.#tail) this.#low = this.#offsets[this.#head & mask] ?? 0
    else this.#settle()
  }

  #find(offset: number): number {
    const mask = this.#done.length - 1
    let from = this.#head
    let to = Math.min(this.#tail - 1, from + offset - this.#low)
    let place = to
    while (from <= to && this.#offsets[place & mask] !== offset) {
      if ((this.#offsets[place & mask] ?? 0) < offset) from = place + 1
      else to = place - 1
      place = (from + to) >>> 1
    }
    const open = from <= to && this.#done[place & mask] === 0
    invariant(open, `offset ${offset} was completed without being in progress`)
    return place
  }
}

function rangesOf(low: number, runs: Runs): number[] {
  const ranges: number[] = []
  let end = low
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const from = end + (runs[i] ?? 0)
    end = from + (runs[i + 1] ?? 0)
    ranges.push(from, end)
  }
  return ranges
}
