/** Events of all organisations in the order in which they were read, each with its place; those of long ago are forgotten. */
import type { TaskEvent } from '#stores/history.ts'
import { type EventPlace, mapPositions, offsetAt, type Positions, positionsText } from './event-positions.ts'

export interface PlacedEvent {
  readonly place: EventPlace
  readonly event: TaskEvent
}

/** Called as soon as an event was read. */
export type PlacedListener = (placed: PlacedEvent) => void

/**
 * `start` and `end` enclose what is remembered: every record between them was read, and each event among them is here.
 * What is below `start` is in the log alone.
 */
export class PlacedEvents {
  readonly #max: number
  readonly #listeners = new Set<PlacedListener>()
  #events: PlacedEvent[] = []
  #start: number[][]
  #end: number[][]
  #endText: string | undefined

  constructor(positions: Positions, max: number) {
    this.#max = max
    this.#start = mapPositions(positions, (_, offset) => offset)
    this.#end = mapPositions(positions, (_, offset) => offset)
  }

  get start(): Positions {
    return this.#start
  }

  get end(): Positions {
    return this.#end
  }

  /** The end as clients keep it; made once for all who listen. */
  get endText(): string {
    this.#endText ??= positionsText(this.#end)
    return this.#endText
  }

  /** A record was read; with the event that it tells of, if any. */
  read(place: EventPlace, event: TaskEvent | undefined): void {
    const offsets = this.#end[place.topic]
    if (!offsets) return
    offsets[place.partition] = place.offset + 1
    this.#endText = undefined
    if (!event) return
    const placed = { place, event }
    this.#events.push(placed)
    // Half at once, since to remove the first of a list moves all others.
    if (this.#events.length > 2 * this.#max) this.#forget(this.#max)
    for (const listener of this.#listeners) listener(placed)
  }

  /** What is remembered of what lies at the positions and behind. */
  from(positions: Positions): readonly PlacedEvent[] {
    return this.#events.filter(({ place }) => place.offset >= offsetAt(positions, place))
  }

  listen(listener: PlacedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #forget(count: number): void {
    for (const { place } of this.#events.splice(0, count)) {
      const offsets = this.#start[place.topic]
      if (offsets) offsets[place.partition] = place.offset + 1
    }
  }
}
