/** How many events were dropped because their id was admitted before, as counted from the topics. */

interface Taken {
  events: number
  outcomes: number
}

/**
 * Admission uses a clock that no topic shows. So only outcomes show whether a repeated id was dropped or admitted. Each id counts
 * as admitted once, or as often as it has outcomes if those are more. The rest of its events are duplicates. An id without an
 * outcome stays open. An id with an outcome is never open, whatever the times of its events say.
 */
export class Admissions {
  /** Ids taken once, with one outcome. Nearly all ids are of this kind, and a set costs a third of the memory. */
  readonly #settled = new Set<string>()
  /** All other ids. */
  readonly #ids = new Map<string, Taken>()
  /** Duplicates in what was read so far. The order of reading does not matter. */
  duplicates = 0

  taken(id: string): void {
    this.#change(id, 1, 0)
  }

  /** `by` is -1 for an outcome that no longer counts, because its question was sent again. */
  outcome(id: string, by: 1 | -1): void {
    this.#change(id, 0, by)
  }

  #change(id: string, events: number, outcomes: number): void {
    const of = this.#ids.get(id) ?? { events: 0, outcomes: 0 }
    if (this.#settled.delete(id)) of.events = of.outcomes = 1
    this.duplicates -= dropped(of)
    of.events += events
    of.outcomes += outcomes
    this.duplicates += dropped(of)
    this.#keep(id, of)
  }

  #keep(id: string, of: Taken): void {
    const isSettled = of.events === 1 && of.outcomes === 1
    if (isSettled) this.#settled.add(id)
    if (isSettled) this.#ids.delete(id)
    else this.#ids.set(id, of)
  }
}

const dropped = ({ events, outcomes }: Taken): number => events - Math.min(events, Math.max(1, outcomes))
