/** The timers of one task in the order in which they are due, however many there are. */
import { BEFORE_ALL, compareDue, type Due, DueHeap } from './due-heap.ts'
import { parseEntry, timerEntry } from './layout.ts'

export interface DueTimer {
  readonly operator: string
  readonly name: string
  readonly key: string
  readonly due: number
}

/** What the queue reads timers from, in order: staged ones included, as `TaskState.dues` has it. */
export interface TimerSource {
  dues(after: Due): IterableIterator<Due>
}

/** What one filling reads, in about a millisecond. */
const FILLED_MAX = 1_000

/**
 * Holds a window of the nearest timers; the state has them all. The horizon is the last point, by due time and entry, up to
 * which the window is complete. A timer set before the horizon enters the window; one set behind it stays in the state
 * only. An empty window is filled with the nearest timers behind the horizon, which the state gives in order. So each
 * timer is read once, however many there are. A filling is small, as many tasks may ask in the same step. Nothing is read
 * before the first filling. A window that has grown to twice its size gives its far half back.
 *
 * Moving and cancelling leave the old entry in the heap; `#dues` says which entry counts. A heap with more dead entries
 * than live ones is rebuilt. So setting costs O(log window), amortised, whether or not it moves a timer.
 *
 * Filling does not hand out a timer twice, since a timer that was handed out lies before the horizon. Only a window that
 * gives back the half with that timer may do so. So the job that fires a timer checks that its entry still exists.
 */
export class TimerQueue {
  readonly #source: TimerSource
  readonly #windowMax: number
  readonly #filledMax: number
  #heap = new DueHeap()
  /** The due time that counts of each timer in the window. */
  readonly #dues = new Map<string, number>()
  /** The state may hold timers behind this; undefined when the window holds all. */
  #horizon: Due | undefined = BEFORE_ALL

  constructor(source: TimerSource, windowMax = 10_000) {
    this.#source = source
    this.#windowMax = windowMax
    this.#filledMax = Math.min(windowMax, FILLED_MAX)
  }

  /** Sets or moves a timer whose entry has been staged. */
  set(operator: string, name: string, key: string, due: number): void {
    const item = { due, entry: timerEntry(operator, name, key) }
    if (this.#horizon && compareDue(item, this.#horizon) > 0) {
      this.#dues.delete(item.entry)
      return
    }
    if (this.#dues.get(item.entry) === due) return
    this.#dues.set(item.entry, due)
    this.#heap.push(item)
    if (this.#dues.size > 2 * this.#windowMax) this.#keep(this.#live(), this.#windowMax)
    else if (this.#heap.size > 2 * this.#dues.size + 64) this.#heap = new DueHeap(this.#live())
  }

  /** A timer whose entry has been deleted. */
  cancel(operator: string, name: string, key: string): void {
    this.#dues.delete(timerEntry(operator, name, key))
  }

  nextDue(): number | undefined {
    return this.#first()?.due
  }

  /** Hands out what is due at `now`, the earliest first. */
  takeDue(now: number, timersMax = Number.POSITIVE_INFINITY): DueTimer[] {
    const taken: DueTimer[] = []
    while (taken.length < timersMax) {
      const first = this.#first()
      if (!first || first.due > now) break
      this.#heap.removeFirst()
      this.#dues.delete(first.entry)
      const entry = parseEntry(first.entry)
      if (entry?.kind !== 'timer') continue
      taken.push({ operator: entry.operator, name: entry.name, key: entry.key, due: first.due })
    }
    return taken
  }

  #first(): Due | undefined {
    this.#dropDead()
    if (this.#heap.size === 0 && this.#horizon) this.#fill(this.#horizon)
    return this.#heap.first
  }

  #dropDead(): void {
    for (let first = this.#heap.first; first; first = this.#heap.first) {
      if (this.#dues.get(first.entry) === first.due) return
      this.#heap.removeFirst()
    }
  }

  /** The places that count, in order. A timer moved away and back has two equal places: one is kept. */
  #live(): Due[] {
    const live = this.#heap.all.filter(item => this.#dues.get(item.entry) === item.due).sort(compareDue)
    return live.filter((item, index) => item.entry !== live[index - 1]?.entry)
  }

  #fill(horizon: Due): void {
    const nearest: Due[] = []
    for (const item of this.#source.dues(horizon)) {
      nearest.push(item)
      if (nearest.length > this.#filledMax) return this.#keep(nearest, this.#filledMax)
    }
    this.#horizon = undefined
    this.#replace(nearest)
  }

  /** Makes the nearest of these the window, and the last of them its horizon. */
  #keep(sorted: Due[], timersMax: number): void {
    this.#replace(sorted.slice(0, timersMax))
    this.#horizon = sorted[Math.min(timersMax, sorted.length) - 1]
  }

  #replace(sorted: Due[]): void {
    this.#dues.clear()
    for (const item of sorted) this.#dues.set(item.entry, item.due)
    this.#heap = new DueHeap(sorted)
  }
}
